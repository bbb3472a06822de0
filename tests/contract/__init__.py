"""Holds any running service, in any language, to the contract. It knows a URL and an admin, and nothing else.

It makes some two thousand users and leaves most of them behind, so the service should hash passwords at a low cost,
on data that may be thrown away.

    pytest tests/contract --service-url http://127.0.0.1:8000 --admin-email … --admin-password …
"""

import pytest

# The helpers assert too; let pytest say what they compared.
for helper in ("client", "documents"):
    pytest.register_assert_rewrite(f"{__name__}.{helper}")
