"""The only importer of DBOS: starts durable workflows, resumes them after a crash, cancels them.

A workflow here is a coroutine function of one string (the id of what it works on). Everything it does in the world
happens in `step`s. Steps must be repeatable: after a crash the one that was running runs again. What costs money is
made repeatable by `bot.jobs.ledger`, not by the engine.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, StepOptions
from dbos import error as dbos_error

from bot.db import however_long

Workflow = Callable[[str], Coroutine[Any, Any, None]]
Step = Callable[[str], Coroutine[Any, Any, str]]

#: Below this a running program's work would be handed out again after any edit of a workflow's source: DBOS's own
#: default is a hash of it (measured, dbos 3.4). Workflow changes go through `DBOS.patch_async` instead.
APPLICATION_VERSION = "1"
#: A workflow that was running when the process ended this often, in whatever way, is not started again.
MAX_RECOVERIES = 100


class Engine:
    """Durable workflows in a SQLite file of their own, or in a schema of their own in a PostgreSQL.

    One per process: DBOS is process-wide. `worker` names this process among those that share a PostgreSQL.
    """

    def __init__(self, where: Path | str, *, worker: str = "single") -> None:
        self._where = where
        self._worker = worker
        self._workflows: dict[str, Workflow] = {}

    def register(self, name: str, workflow: Workflow) -> None:
        """Make a workflow known by name. All are registered before `launch`, which resumes what was running."""
        self._workflows[name] = workflow

    async def launch(self) -> None:
        """Start on the running loop and resume every workflow that a crash or stop interrupted."""
        if isinstance(self._where, Path):
            with sqlite3.connect(self._where) as connection:
                connection.execute("PRAGMA journal_mode=WAL")  # sticks; DBOS leaves the slower default
            connection.close()
        config: DBOSConfig = {
            "name": "greenlight",
            "system_database_url": f"sqlite:///{self._where}" if isinstance(self._where, Path) else self._where,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._worker,  # a second start under the same id would run what the first still runs
            "serializer": DBOSPortableJSONSerializer(),  # the default is pickle
            "max_executor_threads": 8,  # unlimited by default
            "notification_listener_polling_interval_sec": 0.25,
            "log_level": "WARNING",
            "console_log_level": "WARNING",
        }
        logging.getLogger("dbos").addFilter(_is_worth_a_line)
        DBOS(config=config)
        for name, workflow in self._workflows.items():
            self._workflows[name] = DBOS.workflow(name=name, max_recovery_attempts=MAX_RECOVERIES)(_plain(workflow))
        DBOS.launch()

    async def start(self, name: str, workflow_id: str, subject: str) -> None:
        """Start a workflow under an id; starting the same id twice is starting it once."""
        with SetWorkflowID(workflow_id):
            await DBOS.start_workflow_async(self._workflows[name], subject)

    async def cancel(self, workflow_id: str) -> None:
        """Cancel a workflow: a preemptible step gets `CancelledError` within a second; no further step runs."""
        if await DBOS.get_workflow_status_async(workflow_id) is not None:
            await DBOS.cancel_workflow_async(workflow_id)

    async def was_started(self, workflow_id: str) -> bool:
        return await DBOS.get_workflow_status_async(workflow_id) is not None

    async def is_over(self, workflow_id: str) -> bool:
        """Whether a workflow has ended in any way, or was never started: nothing of it runs."""
        status = await DBOS.get_workflow_status_async(workflow_id)
        return status is None or status.status in {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}

    async def forget(self, workflow_id: str) -> None:
        """Remove what is kept of a workflow that is over, its steps and their results too; none is fine."""
        if await self.was_started(workflow_id):
            await DBOS.delete_workflow_async(workflow_id)

    async def owners(self) -> set[str]:
        """The workers that have a workflow under way, dead ones among them."""
        pending = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
        return {workflow.executor_id for workflow in pending if workflow.executor_id}

    async def recover(self, worker: str) -> None:
        """Put what a dead worker had under way into the line again; any that is alive takes it up (dbos 3.4)."""
        await asyncio.to_thread(DBOS._recover_pending_workflows, [worker])  # noqa: SLF001  # engine.owners' counterpart

    async def is_new(self, change: str) -> bool:
        """Whether the current workflow began after a change of its steps: an older one resumes on its old path."""
        return await DBOS.patch_async(change)

    async def step(self, name: str, work: Step, subject: str) -> str:
        """Run one step of the current workflow: at most once to completion, cancelled with the workflow."""
        return await DBOS.run_step_async(StepOptions(name=name, preemptible=True), _plain_step(work), subject)

    async def close(self) -> None:
        """Stop. What is running stays in the file and resumes at the next launch."""
        await asyncio.to_thread(DBOS.destroy)
        # DBOS has made its executor the loop's default and has now shut it down, for everybody (dbos 3.4).
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="after-engine"))


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """DBOS logs a workflow that was cancelled on purpose as an error with a traceback (3.4); it is a person's wish."""
    return record.exc_info is None or not isinstance(record.exc_info[1], dbos_error.DBOSWorkflowCancelledError)


def _plain(workflow: Workflow) -> Workflow:
    """A coroutine function proper: DBOS inspects what it is given and does not see through bound methods."""

    async def run(subject: str) -> None:
        await workflow(subject)

    return run


def _plain_step(work: Step) -> Step:
    async def run(subject: str) -> str:
        # DBOS waits for its own tables without end, and would record for good that ours were away. A step that waits
        # can be cancelled.
        return await however_long(lambda: work(subject))

    return run
