"""The one set of metrics of the process, which Django's parts, made by name, all find here."""

from service.platform.metrics import Metrics

METRICS = Metrics()
