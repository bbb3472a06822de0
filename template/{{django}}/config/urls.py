"""Which path goes where."""

from django.contrib import admin
from django.urls import path

from config.api import api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", api.urls),
]
handler404 = "service.platform.problems.not_found"
handler500 = "service.platform.problems.internal"
handler400 = "service.platform.problems.bad_request"
