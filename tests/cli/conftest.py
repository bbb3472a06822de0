from pathlib import Path

import pytest
from bedplate import source

from .support import Caller, Command, command_of, put_everything, put_package

QUESTIONS = r"""
_subdirectory: template
_answers_file: .copier-answers.yml
_message_after_copy: |

  {{ project_name }} is ready. Next:

      cd {{ _copier_conf.dst_path | string | quote }}

project_name:
  type: str
  help: What is it called?
  default: "{{ _folder_name }}"
  validator: "{% if not project_name | regex_search('^[a-z ]+$') %}must hold small letters{% endif %}"

author:
  type: str
  help: Whose is it?
  default: ""

email:
  type: str
  help: At which address?
  when: "{{ author != '' }}"
  default: ""

workers:
  type: int
  help: How many workers?
  default: 2

api:
  type: str
  help: Which more ways to talk to it?
  multiselect: true
  choices:
    GraphQL schema: graphql
    gRPC service: grpc
  default: [graphql]

database:
  type: str
  help: Where is its data?
  choices:
    SQLite file: sqlite
    PostgreSQL server: postgresql
  default: sqlite

broker:
  type: str
  help: How do its events travel?
  choices:
    In memory: memory
    Apache Kafka:
      value: kafka
      validator: "{% if database == 'sqlite' %}needs a server for its data{% endif %}"
  default: memory

region:
  type: str
  help: On which shore?
  choices:
    The only one: home
  default: home

shouted:
  type: str
  when: false
  default: "{{ project_name | upper }}"
"""

FILES = {
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "README.md.jinja": "{{ shouted }} of {{ author }}, in {{ _folder_name }}\n",
    "{% if database == 'sqlite' %}sqlite{% endif %}/note.txt": "embedded\n",
    "{% if database == 'postgresql' %}postgresql{% endif %}/note.txt": "a server\n",
}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bedplate as it is now, in a repository of its own, so that what is compared does not change between two runs."""
    folder = tmp_path_factory.mktemp("checkout")
    put_everything(folder)
    return folder


@pytest.fixture(scope="session")
def bedplate(checkout: Path) -> Command:
    return command_of(checkout)


@pytest.fixture
def small_checkout(tmp_path: Path) -> Path:
    """Bedplate with a template of every kind of question, that nothing else depends on; no repository."""
    folder = tmp_path / "checkout"
    put_package(folder)
    (folder / "copier.yml").write_text(QUESTIONS)
    for name, content in FILES.items():
        path = folder / "template" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    script = folder / "template" / "run"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return folder


@pytest.fixture
def small(small_checkout: Path) -> Command:
    return command_of(small_checkout)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder to make projects in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def call(checkout: Path, work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    """The command with the real template, in the folder to make projects in."""
    monkeypatch.setattr(source, "_CHECKOUT", checkout)
    monkeypatch.chdir(work)
    return Caller(monkeypatch, capsys)


@pytest.fixture
def call_small(small_checkout: Path, call: Caller, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """The same with the small template."""
    monkeypatch.setattr(source, "_CHECKOUT", small_checkout)
    return call
