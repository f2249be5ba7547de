"""Lists, newest first, page by page."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """A cursor keeps its place while new rows arrive."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
