"""The admin site: the operator's and the auditor's desk."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class TianhuiAdminSite(AdminSite):
    site_header = _("Tianhui: operator and auditor")
    site_title = _("Tianhui")
    index_title = _("Desk")


class TianhuiAdminConfig(AdminConfig):
    default_site = "config.admin.TianhuiAdminSite"
