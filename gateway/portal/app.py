"""The portal API as a WSGI application (Flask). Everything it needs is handed in; nothing is global."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from gateway.errors import Problem
from gateway.intake.pipeline import Intake
from gateway.metrics import Metrics
from gateway.model import Finding
from gateway.portal import observation, problems
from gateway.portal.access import Access
from gateway.portal.applications import Applications
from gateway.portal.backlog import read_backlog
from gateway.portal.docs import Documentation
from gateway.portal.operations import Operations
from gateway.portal.results import Results
from gateway.portal.services import Services
from gateway.portal.uploads import Uploads
from gateway.store.database import Database


def create_portal(
    *,
    intake: Intake,
    database: Database,
    access: Access,
    readiness: Callable[[], tuple[Finding, ...]],
    metrics: Metrics | None = None,
    max_body: int = 1_000_000,
    threads: int = 8,
    on_accepted: Callable[[], None] = lambda: None,
) -> Flask:
    """Return the application.

    ``readiness`` is asked at every ``GET /readyz`` and should be quick; ``max_body`` is in bytes; ``threads``
    serve requests, and bodies never take all of them; ``on_accepted`` is called after the commit of a new application
    (to wake the delivery) and must not raise.
    """
    figures = metrics or Metrics(services=(one.id for one in intake.catalogue))
    figures.watch(lambda: database.read(read_backlog))
    applications = Applications(
        intake=intake,
        access=access,
        metrics=figures,
        max_body=max_body,
        uploads=Uploads(threads),
        on_accepted=on_accepted,
    )
    results = Results(database=database, access=access)
    services = Services(intake.catalogue)
    operations = Operations(readiness=readiness, metrics=figures)
    routes = (*applications.routes(), *results.routes(), *services.routes(), *operations.routes())
    documentation = Documentation(routes, tuple(intake.catalogue), Problem.declared.values())

    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    problems.install(app)
    for route in (*routes, *documentation.routes()):
        app.add_url_rule(route.rule, route.name, observation.named(route), methods=[route.method])
    app.wsgi_app = observation.observed(app.wsgi_app, figures)  # type: ignore[method-assign,assignment]
    return app
