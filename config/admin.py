"""Which site Django's admin is here. Loaded before the tables are: the site itself is in admin_site.py."""

from django.contrib.admin.apps import SimpleAdminConfig


class TianhuiAdminConfig(SimpleAdminConfig):
    """Looks for no `admin.py` of other apps: what is at the desk stands in one table, and nothing else is."""

    default_site = "config.admin_site.TianhuiAdminSite"
