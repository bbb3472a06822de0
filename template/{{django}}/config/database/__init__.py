"""What Django is told about the database. Each choice has the same names."""

DJANGOS_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"]
