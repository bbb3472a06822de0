"""The HTTP API."""

from ninja import NinjaAPI

from service import about

api = NinjaAPI(title=about.TITLE, description=about.DESCRIPTION, version=about.VERSION, docs_url="/docs")
