"""Which path goes where."""

from typing import Never

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config.api import api
from service.platform.static_files import static_file


@csrf_exempt
def nothing(_request: HttpRequest) -> Never:
    """Ninja has a view of its own here, which answers 403 to a form without Django's token."""
    raise Http404


urlpatterns = [
    path("", nothing),
    path("admin/", admin.site.urls),
    path("static/<path:path>", static_file),
    path("", api.urls),
]
handler404 = "service.platform.problems.not_found"
handler500 = "service.platform.problems.internal"
handler400 = "service.platform.problems.bad_request"
