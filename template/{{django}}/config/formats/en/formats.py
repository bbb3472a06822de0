"""How the admin site writes times: in UTC, to the second, as logs do."""

DATETIME_FORMAT = "Y-m-d H:i:s"
