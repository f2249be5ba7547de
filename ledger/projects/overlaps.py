"""No tonne twice: all fields of a project, against those of others that are credited in the same years."""

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.projects import geometry
from ledger.projects.models import Project
from ledger.projects.selectors import parcels_near


def refuse_overlaps(project: Project, *, field: str = "crediting_ends_on") -> None:
    """Refuse crediting years in which another project is credited for land of this one.

    The years are those that the project has in memory. To be called with the land locked.

    Raises: InvalidValue.
    """
    for parcel in project.parcels.all():
        parcel.project = project
        for other in parcels_near(parcel):
            if other.project_id == project.pk:
                continue
            shared_ha = geometry.overlap_ha(parcel.geometry, other.geometry)
            if shared_ha > 0:
                reason = _(
                    "In these years parcel %(parcel)s of project %(project)s is credited, which field %(field)s overlaps by %(area)s ha."
                ) % {
                    "parcel": other.code,
                    "project": other.project.code,
                    "field": parcel.code,
                    "area": shared_ha,
                }
                raise InvalidValue(field=field, reason=reason)
