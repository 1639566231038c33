"""Does the steps of a test in two processes of a project, and keeps the model up to date."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from tests.support.any_order.model import REVISION, SQL, Block, Committed, Drawn, Transaction, Values, parsed
from tests.support.any_order.observed import LONG, SHORT, Died, Observed, killed_at_the_end
from tests.support.any_order.steps import Changes, Step
from tests.support.foreign_project import ForeignProject
from tests.support.waiting import wait_for

DONE, REFUSED, EITHER = "done", "refused", "either"


class Driver:
    """Two processes of a project, and what they are expected to see.

    ``watching`` says for each process whether it has a watcher, as a server has. Without ``keeps_views``, no
    transaction keeps an old view of the database.
    """

    def __init__(
        self, project: ForeignProject, *, is_on_sqlite: bool, keeps_views: bool, watching: tuple[bool, bool]
    ) -> None:
        self._project, self._watching = project, watching
        self._is_on_sqlite, self._keeps_views = is_on_sqlite, keeps_views
        self._committed = Committed()
        self._processes: list[Observed] = []
        self._trail: list[str] = []

    def run(self, steps: Iterable[Step]) -> None:
        """Do the steps, compare after each of them, and then compare the processes and a new one."""
        with killed_at_the_end(self._processes):
            try:
                self._run(steps)
            except BaseException as error:
                error.add_note("\n".join(self._trail))
                raise

    def _run(self, steps: Iterable[Step]) -> None:
        for watches in self._watching:
            self._start(watches=watches)
        for name, number, argument in steps:
            getattr(self, f"_{name}")(self._processes[number], argument)
            self._processes[number].check()
        self._settle()

    def _start(self, *, watches: bool = False) -> None:
        """Start a process, which must use the newest configuration at once."""
        process = Observed(self._project, self._committed, self._trail)
        self._processes.append(process)
        process.begin()
        if watches:
            process.ask("watch")

    def _settle(self) -> None:
        for process in self._processes:
            while process.overrides:
                self._override(process, None)
            while process.transaction:
                self._end(process, commits=False)
            while process.pins:
                self._unpin(process)
            process.check()
        for process, watches in zip(self._processes, self._watching, strict=True):
            if watches:
                wait_for(functools.partial(self._is_current, process), "the watcher to notice a commit")
            else:
                self._reload(process)
        self._start()

    def _is_current(self, process: Observed) -> bool:
        found = process.ask("read")["shared"]["values"]
        process.check()
        return bool(found == self._committed.newest)

    def _read(self, process: Observed, _argument: None = None) -> None:
        process.ask("read")

    def _reload(self, process: Observed, _argument: None = None) -> None:
        process.ask("reload")
        if process.transaction:
            process.transaction.may_miss_sql = False
        process.expect_newest()

    def _reload_in_thread(self, process: Observed, _argument: None) -> None:
        process.ask("reload_in_thread")
        process.expect_visible(process.last["own"]["values"])
        process.expect_newest_for_all()

    def _current(self, process: Observed, _argument: None) -> None:
        found = process.ask("current")["result"]
        if process.overrides:
            assert found["page_size"] == process.overrides[-1]
            found["page_size"] = process.last["own"]["values"]["page_size"]
        process.expect_visible(found)
        if process.transaction is None:
            process.expect_newest()
            assert found == self._committed.newest

    def _begin(self, process: Observed, is_old: bool) -> None:
        transaction = process.transaction
        if transaction is not None:
            process.ask("begin", is_old=False)
            transaction.blocks.append(Block())
            return
        is_old = is_old and self._keeps_views
        locks = self._is_on_sqlite and not is_old
        is_locked = locks and self._locked_by_other(process)
        answer = process.ask("begin", is_old=is_old, wait=SHORT if is_locked else LONG)
        assert ("refusal" in answer) == is_locked, answer
        if not is_locked:
            began = len(self._committed.history)
            process.transaction = Transaction(is_old, began, locked_in=0 if locks else None)

    def _end(self, process: Observed, commits: bool) -> None:
        transaction = process.transaction
        if transaction is None:
            return
        while process.pins and process.pins[-1][0] == len(transaction.blocks):
            self._unpin(process)
        answer = process.ask("end", commits=commits)
        assert "refusal" not in answer, answer
        block, depth = transaction.blocks.pop(), len(transaction.blocks)
        if transaction.blocks:
            self._pass_on_lock(transaction, depth, commits=commits)
            if commits:
                transaction.blocks[-1].take(block)
            return
        process.transaction = None
        if commits:
            self._committed.take(block)
            if REVISION in block.events:
                process.expect_newest()

    def _pass_on_lock(self, transaction: Transaction, depth: int, *, commits: bool) -> None:
        # SQLite keeps the lock until the end of the transaction; PostgreSQL releases it with a savepoint.
        if transaction.locked_in == depth:
            transaction.locked_in = depth - 1 if commits or self._is_on_sqlite else None

    def _locked_by_other(self, process: Observed) -> bool:
        others = (other.transaction for other in self._processes if other is not process)
        return any(other is not None and other.locked_in is not None for other in others)

    def _write(self, process: Observed, action: str, expected: str = DONE, **arguments: Any) -> Any:
        """Let a process write; return the answer, or ``None`` if the write was refused, as expected."""
        transaction, wait = process.transaction, LONG
        if transaction and transaction.is_old and transaction.locked_in is None:
            has_changed = transaction.began < len(self._committed.history)
            expected = REFUSED if has_changed else expected if expected == REFUSED else EITHER
        if self._locked_by_other(process):
            expected, wait = REFUSED, SHORT
        answer = process.ask(action, wait=wait, **arguments)
        refusal = answer.get("refusal", "")
        assert expected in (EITHER, REFUSED if refusal else DONE), (action, arguments, expected, answer)
        if transaction and transaction.locked_in is None:
            has_lock = not refusal or (self._is_on_sqlite and refusal.startswith("StaleRevision"))
            if has_lock:
                transaction.locked_in = 0 if self._is_on_sqlite else len(transaction.blocks) - 1
        return None if refusal else answer

    def _written(self, process: Observed, values: Values, answer: Any) -> None:
        """Note what a change has written, if it was not refused."""
        if answer is None:
            return
        number, transaction = answer["result"], process.transaction
        before = self._committed.newest if transaction is None else transaction.on(self._committed.newest)
        after = before | values
        assert number is not None or before == after, (answer, before, after)
        if number is not None:
            self._note(process, Block(values, [REVISION], {number: after}))
            if transaction:
                transaction.may_miss_sql = False
            process.expect_newest()

    def _note(self, process: Observed, block: Block) -> None:
        if process.transaction:
            process.transaction.blocks[-1].take(block)
        else:
            self._committed.take(block)

    def _change(self, process: Observed, changes: Changes) -> None:
        self._written(process, parsed(changes), self._write(process, "change", changes=changes))

    def _write_sql(self, process: Observed, size: int | None) -> None:
        if self._write(process, "write_sql", size=size) is not None:
            values: Values = parsed({"page_size": None if size is None else str(size)})
            self._note(process, Block(values, [SQL]))
            if process.transaction:
                process.transaction.may_miss_sql = True

    def _plan(self, process: Observed, argument: tuple[Changes, bool]) -> None:
        if process.transaction:  # its plan could be for a revision that is rolled back
            return
        changes, is_based = argument
        answer = process.ask("plan", changes=changes, is_based=is_based)
        process.plan = Drawn(parsed(changes), is_based, len(self._committed.events))
        if "refusal" in answer:
            process.plan = None
            assert is_based, answer
            assert self._committed.events[-1:] == [SQL], answer

    def _apply(self, process: Observed, _argument: None) -> None:
        plan = process.plan
        if plan is None:
            return
        expected = DONE
        if plan.is_based:
            own = process.transaction.events if process.transaction else []
            since = [*self._committed.events[plan.events :], *own]
            expected = REFUSED if REVISION in since else EITHER if SQL in since else DONE
        self._written(process, plan.changes, self._write(process, "apply", expected))

    def _roll_back(self, process: Observed, steps: int) -> None:
        revisions = sorted(self._committed.revisions)
        if not revisions:
            return
        number = revisions[-1 - steps % len(revisions)]
        answer = self._write(process, "roll_back", number=number)
        self._written(process, self._committed.revisions[number], answer)

    def _pin(self, process: Observed, _argument: None) -> None:
        values = process.ask("pin")["result"]
        depth = len(process.transaction.blocks) if process.transaction else 0
        if not process.pins:  # a pin inside another one keeps its configuration
            process.expect_visible(values)
        process.pins.append((depth, values))

    def _unpin(self, process: Observed, _argument: None = None) -> None:
        depth = len(process.transaction.blocks) if process.transaction else 0
        if process.pins and process.pins[-1][0] == depth:
            process.ask("unpin")
            process.pins.pop()

    def _override(self, process: Observed, size: int | None) -> None:
        if size is not None:
            process.ask("override", size=size)
            process.overrides.append(size)
        elif process.overrides:
            process.ask("override", size=None)
            process.overrides.pop()

    def _kill(self, process: Observed, argument: tuple[Changes, int]) -> None:
        """Kill a process while it makes a change. A new process takes its place."""
        changes, statement = argument
        is_locked, transaction = self._locked_by_other(process), process.transaction
        lost: Values | None = None
        try:
            wait = SHORT if is_locked else LONG
            answer = process.ask("die", wait=wait, changes=changes, at=statement)
        except Died:
            lost = parsed(changes)
        else:
            self._written(process, parsed(changes), None if "refusal" in answer else answer)
        process.kill()
        process.transaction = None
        is_open = lost is None or is_locked or transaction is not None
        self._replace(process, None if is_open else lost)

    def _replace(self, process: Observed, lost: Values | None) -> None:
        """Start another process. Perhaps the killed one has committed ``lost`` without an answer."""
        number = self._processes.index(process)
        found = self._processes[number] = Observed(self._project, self._committed, self._trail)
        newest = self._committed.newest
        if lost is not None and found.last["own"]["values"] != newest:
            self._committed.take(Block(lost, [REVISION]))
        elif lost is not None and newest | lost == newest:
            self._committed.events.append(SQL)  # perhaps there is a revision without a difference
        found.begin()
        if self._watching[number]:
            found.ask("watch")
