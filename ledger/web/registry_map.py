"""The map of all public projects: counted by cells of a grid, so that a hundred thousand are not drawn one by one."""

import math
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from ledger.projects.counties import county_name
from ledger.registry.places import WHOLE, Cluster, Region, clusters, counties_of, extent, provinces
from ledger.texts import localized
from ledger.web import words
from ledger.web.kept import keep, kept_for_visitors, read_kept
from ledger.web.overview import draw_places

CACHED_SECONDS = 60
Box = tuple[float, float, float, float]


@require_safe
@kept_for_visitors
def map_page(request: HttpRequest) -> HttpResponse:
    """Show where all public projects lie; without a script as a picture, and by province and county as a table."""
    province = request.GET.get("province", "")
    bounds = extent()
    context = {
        "picture": draw_places(clusters(bounds)) if bounds else None,
        "is_empty": bounds is None,
        "bounds": [f"{side:.4f}" for side in bounds or WHOLE],
        "province": province if province in words.PROVINCES else "",
        "regions": _regions(province),
    }
    return render(request, "ledger/registry/map.html", context)


def _regions(province: str) -> list[tuple[Region, str, str]]:
    """Return provinces, or the counties of one, each with its name and the address of its projects."""
    projects = reverse("projects")
    if province not in words.PROVINCES:
        return [
            (each, words.word_for(words.PROVINCES, each.code), f"{reverse('projects_map')}?province={each.code}")
            for each in provinces()
        ]
    return [
        (
            each,
            county_name(each.code) or each.code,
            f"{projects}?province={province}&county={each.code}" if each.code else "",
        )
        for each in counties_of(province)
    ]


@require_safe
def map_points(request: HttpRequest) -> HttpResponse:
    """Hand out the clusters in a part of the map, as a script draws them."""
    box = _box(request)
    if box is None:
        return JsonResponse({"error": "west, south, east, north: degrees"}, status=400)
    key = f"registry-map:{':'.join(f'{side:.4f}' for side in box)}:{request.LANGUAGE_CODE}"
    points = read_kept(key)
    if points is None:
        points = [_point(each) for each in clusters(box)]
        keep(key, points, CACHED_SECONDS)
    answer = JsonResponse({"points": points})
    answer["Cache-Control"] = f"max-age={CACHED_SECONDS}"
    return answer


def _box(request: HttpRequest) -> Box | None:
    try:
        sides = [float(request.GET[name]) for name in ("west", "south", "east", "north")]
    except (KeyError, ValueError):
        return None
    if not all(map(math.isfinite, sides)):
        return None
    west, south, east, north = (
        max(low, min(high, side)) for side, low, high in zip(sides, WHOLE[:2] * 2, WHOLE[2:] * 2, strict=True)
    )
    return (west, south, east, north) if west < east and south < north else None


def _point(cluster: Cluster) -> dict[str, Any]:
    point: dict[str, Any] = {
        "longitude": round(cluster.longitude, 5),
        "latitude": round(cluster.latitude, 5),
        "count": cluster.count,
        "area_ha": f"{cluster.area_ha:.2f}",
    }
    if cluster.project is not None:
        code = cluster.project.code
        point |= {"name": localized(cluster.project, "name"), "code": code, "address": reverse("project", args=[code])}
    return point
