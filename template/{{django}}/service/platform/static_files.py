"""What the admin site looks like: style sheets, scripts and pictures, straight from the packages that bring them."""

import mimetypes
from pathlib import Path

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe


@require_safe
@conditional_page
@cache_control(public=True, max_age=3600)
def static_file(_request: HttpRequest, path: str) -> HttpResponse:
    """In one piece: these are small files for few people, so there is nothing to stream and nothing to collect."""
    try:
        found = finders.find(path)
    except SuspiciousFileOperation:  # It leads out of the folders.
        raise Http404 from None
    if found is None or not Path(found).is_file():
        raise Http404
    kind, _ = mimetypes.guess_type(found)
    return HttpResponse(Path(found).read_bytes(), content_type=kind or "application/octet-stream")
