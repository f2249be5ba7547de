"""No tonne twice: all fields of a project, against those of others that are credited in the same years."""

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.projects.land.overlaps import Overlap, overlaps
from ledger.projects.models import Parcel, Project


def refuse_overlaps(project: Project, *, field: str = "crediting_ends_on") -> None:
    """Refuse crediting years in which another project is credited for land of this one.

    The years are those that the project has in memory. To be called with the land locked.

    Raises: InvalidValue.
    """
    parcels = list(project.parcels.order_by("id"))
    if not parcels:
        return
    for overlap in overlaps([parcel.geometry for parcel in parcels], project):
        if not overlap.is_same_project:
            raise InvalidValue(field=field, reason=_reason(parcels[overlap.place], overlap))


def _reason(parcel: Parcel, overlap: Overlap) -> str:
    said = {
        "parcel": overlap.parcel,
        "project": overlap.project,
        "field": parcel.code,
        "area": overlap.area_ha,
    }
    if not overlap.is_to_be_named:
        return (
            _(
                "In these years another project, not public yet, is credited for %(area)s ha of field %(field)s. Change the field or "
                "the years; if the land is yours, tell the operator."
            )
            % said
        )
    return (
        _(
            "In these years parcel %(parcel)s of project %(project)s is credited, which field %(field)s overlaps by %(area)s ha. "
            "Change the field or the years."
        )
        % said
    )
