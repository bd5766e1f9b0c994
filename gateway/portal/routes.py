"""What one address of the API does, as a record: from it come the URL rule and its part of the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from pydantic import BaseModel

from gateway.errors import Problem

PLACEHOLDER = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<limits>[^)]*)\))?:)?(?P<name>\w+)>")
"""A typed placeholder in a URL rule: ``<int(min=1):number>``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A good answer. ``model`` describes JSON; without it the body is bytes of ``media_type``."""

    status: int
    description: str
    media_type: str = "application/json"
    model: type[BaseModel] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Names of headers that the answer carries, with what they mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """An operation of the API.

    ``rule`` is a URL rule of Flask with typed placeholders; ``parameters`` are OpenAPI parameter objects of headers;
    ``problems`` are those that only this address raises. With ``takes_application`` the body is an application, and
    every problem that the rooms behind intake have declared may be the answer.
    """

    name: str
    method: str
    rule: str
    view: Callable[..., Response]
    tag: str
    summary: str
    description: str
    replies: tuple[Reply, ...]
    problems: tuple[Problem, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    takes_application: bool = False
    secured: bool = False

    @property
    def path(self) -> str:
        """The rule as OpenAPI writes it, with plain placeholders: ``/v1/applications/{application_id}``."""
        return PLACEHOLDER.sub(lambda found: "{" + found["name"] + "}", self.rule)
