"""What every list and object page at the desk has in common: all may be read, nothing can be edited.

There are no forms over tables here, for nobody: what changes, changes by an action (actions.py), which calls a service.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from ledger.admin.access import desk_membership
from ledger.admin.actions import Action, show_refusal
from ledger.admin.display import Table, object_url
from ledger.admin.export import MOST_ROWS, exported
from ledger.admin.filters import with_number
from ledger.admin.limits import SECONDS, TookTooLong, limited_time
from ledger.admin.paging import BoundedPaginator
from ledger.admin.queue import people_of
from ledger.admin.records import RecordIds, records_table
from ledger.admin.timeline import Timeline
from ledger.errors import DomainError

Fact = tuple[object, object]
# Django's own pages of a model that are kept; adding, deleting and the history of edits are not.
KEPT = ("changelist", "change")


class PreparedList(ChangeList):
    """A page of a list whose rows get what belongs to them, read for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        assert isinstance(self.model_admin, ViewOnlyAdmin)
        self.model_admin.prepare(self.result_list)


class ViewOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A model that is read at the desk, with the actions that the operator takes on it."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    empty_value_display = "–"
    change_form_template = "admin/object.html"
    change_list_template = "admin/list.html"
    object_actions: ClassVar[Sequence[Action]] = ()
    list_actions: ClassVar[Sequence[Action]] = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return desk_membership(request) is not None

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return desk_membership(request) is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PreparedList

    def prepare(self, rows: Sequence[Any]) -> None:
        """Read what the columns of a list show of other rows, for a page of it at once."""

    def record_ids(self, target: Any) -> RecordIds:
        """Return the records of the log that prove an object, the newest first."""
        return []

    def facts(self, target: Any) -> list[Fact]:
        """Return what one should have before one's eyes when one takes an action on an object."""
        return []

    def tables(self, target: Any) -> list[Table]:
        """Return what belongs to an object, to be shown below it."""
        return []

    def get_urls(self) -> list[URLPattern]:
        kept = [self._name_of(page) for page in KEPT]
        pages = [pattern for pattern in super().get_urls() if pattern.name in kept]
        on_lists = [
            path(f"{action.name}/", self._guard(partial(self._act_on_list, action)), name=self._name_of(action.name))
            for action in self.list_actions
        ]
        on_objects = [
            path(
                f"<path:object_id>/{action.name}/",
                self._guard(partial(self._act_on_object, action)),
                name=self._name_of(action.name),
            )
            for action in self.object_actions
        ]
        export = path("export.csv", self._guard(self.export), name=self._name_of("export"))
        return [export, *on_lists, *on_objects, *pages]

    def _name_of(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _guard(self, view: Any) -> Any:
        return self.admin_site.admin_view(view)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        refuse_writing(request)
        actor = desk_membership(request)
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            "export_url": reverse(f"admin:{self._name_of('export')}"),
            "most_exported": MOST_ROWS,
            "offered": [
                (action.label, reverse(f"admin:{self._name_of(action.name)}"), action.is_grave)
                for action in self.list_actions
                if action.is_for(actor)
            ],
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Return the list as it is filtered and searched, as CSV."""
        refuse_writing(request)
        return exported(request, self)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        refuse_writing(request)
        return super().change_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        actor = desk_membership(request)
        due = [action for action in self.object_actions if action.is_for(actor) and action.is_due(obj)]
        context |= {
            "title": capfirst(self.opts.verbose_name),
            "offered": [
                (action.label, self.action_url(action, obj), action.is_grave)
                for action in due
                if action.is_open_to(actor, obj)
            ],
            "needs_another": any(not action.is_open_to(actor, obj) for action in due),
            "tables": self.tables(obj),
            "records": records_table(self.record_ids(obj)),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def action_url(self, action: Action, target: models.Model) -> str:
        """Return where a step with an object is asked for."""
        return reverse(f"admin:{self._name_of(action.name)}", args=[target.pk])

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: object, object_id: str
    ) -> HttpResponseRedirect:
        raise Http404

    def _act_on_list(self, action: Action, request: HttpRequest) -> HttpResponse:
        return self._act(action, request, None)

    def _act_on_object(self, action: Action, request: HttpRequest, object_id: str) -> HttpResponse:
        target = self.get_object(request, unquote(object_id))
        if target is None:
            raise Http404
        return self._act(action, request, target)

    def _act(self, action: Action, request: HttpRequest, target: models.Model | None) -> HttpResponse:
        """Ask before an action is taken (GET), and take it (POST)."""
        actor = desk_membership(request)
        if actor is None or not action.is_open_to(actor, target):
            raise PermissionDenied
        if request.method != "POST":
            # A link may fill in a form beforehand.
            filled = action.form_for(target, initial=action.initial(target) | request.GET.dict())
            return self._ask(action, request, target, filled)
        form = action.form_for(target, request.POST, request.FILES)
        if not form.is_valid():
            return self._ask(action, request, target, form, status=422)
        try:
            result = action.perform(actor, target, form.cleaned_data)
        except DomainError as error:
            show_refusal(form, error)
            return self._ask(action, request, target, form, status=error.status)
        return self.answer(request, action, target, result)

    def answer(self, request: HttpRequest, action: Action, target: models.Model | None, result: Any) -> HttpResponse:
        """Say that an action was taken, and lead to what came of it."""
        messages.success(request, str(action.done) % {"object": result})
        return HttpResponseRedirect(object_url(result))

    def _ask(
        self, action: Action, request: HttpRequest, target: models.Model | None, form: Form, status: int = 200
    ) -> HttpResponse:
        back = object_url(target) if target is not None else reverse(f"admin:{self._name_of('changelist')}")
        context = self.admin_site.each_context(request) | {
            "title": action.label,
            "subtitle": str(target) if target is not None else None,
            "opts": self.opts,
            "target": target,
            "action": action,
            "makers": people_of(action, target),
            "facts": self.facts(target) if target is not None else [],
            "form": form,
            "back": back,
            # Who comes back to a step that was taken meanwhile is told so; what was typed stays to be seen.
            "is_over": request.method != "POST" and target is not None and not action.is_due(target),
        }
        return TemplateResponse(request, "admin/action.html", context, status=status)


class LargeTableAdmin(ViewOnlyAdmin):
    """A table with millions of rows: newest first, sorted by nothing else, and never counted whole."""

    ordering = ("-id",)
    sortable_by = ()
    paginator = BoundedPaginator
    list_max_show_all = 0
    # How rows stand in time, and by which path they have a transaction (None: they are its transfers), for filters.py.
    timeline: ClassVar[Timeline | None] = None
    transaction_lookup: ClassVar[str | None] = None

    def done_by(self, queryset: models.QuerySet[Any], actors: Sequence[str]) -> models.QuerySet[Any]:
        """Return what somebody of these names of the log did."""
        raise NotImplementedError

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            with limited_time():
                return super().changelist_view(request, extra_context)
        except TookTooLong:
            context = self.admin_site.each_context(request) | {
                "title": capfirst(self.opts.verbose_name_plural),
                "opts": self.opts,
                "seconds": SECONDS,
            }
            return TemplateResponse(request, "admin/slow.html", context, status=422)

    def search(self, queryset: models.QuerySet[Any], term: str) -> models.QuerySet[Any]:
        """Return what one looks for; by number, as Django would look for any text in every row."""
        return with_number(queryset, term)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return (self.search(queryset, search_term) if search_term else queryset), False


def refuse_writing(request: HttpRequest) -> None:
    """Refuse a method that is for writing, on a page that only shows or to somebody who only reads.

    Raises: PermissionDenied.
    """
    if request.method not in ("GET", "HEAD"):
        raise PermissionDenied
