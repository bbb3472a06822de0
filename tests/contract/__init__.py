"""Holds any running service, in any language, to the contract. It knows a URL and an admin, and nothing else.

pytest tests/contract --service-url http://127.0.0.1:8000 --admin-email … --admin-password …
"""

import pytest

# The helpers assert too; let pytest say what they compared.
for helper in ("client", "documents"):
    pytest.register_assert_rewrite(f"{__name__}.{helper}")
