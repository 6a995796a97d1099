"""A store of a catalogue and files, whichever these are: all that `Store` offers."""

from __future__ import annotations

from nightside.model.lease import Lease
from nightside.model.state import Change
from nightside.model.token import Scope, Token
from nightside.store import changes, leases, notes
from nightside.store import tokens as token_rows
from nightside.store.tidying import Tidying


class CataloguedStore(Tidying):
    """`Store` on a catalogue and files."""

    def put_token(self, token: Token) -> None:
        """See `Store.put_token`."""
        with self._writing() as connection:
            token_rows.put(connection, token)

    def revoke_token(self, scope: Scope, name: str, at: int) -> bool:
        """See `Store.revoke_token`."""
        with self._writing() as connection:
            return token_rows.revoke(connection, scope, name, at)

    def note_heard(self, digest: bytes, at: int) -> None:
        """See `Store.note_heard`."""
        with self._writing() as connection:
            token_rows.heard(connection, digest, at)

    def tokens(self, scope: Scope | None = None) -> list[Token]:
        """See `Store.tokens`."""
        with self._reading() as connection:
            return token_rows.every(connection, scope)

    def take_lease(self, name: str, holder: str, for_s: float) -> Lease | None:
        """See `Store.take_lease`."""
        with self._writing() as connection:
            return leases.take(connection, name, holder, for_s, self._catalogue.now_s(connection))

    def release_lease(self, lease: Lease) -> bool:
        """See `Store.release_lease`."""
        with self._writing() as connection:
            return leases.release(connection, lease)

    def leases(self, prefix: str = "") -> list[Lease]:
        """See `Store.leases`."""
        with self._reading() as connection:
            return leases.holding(connection, prefix, self._catalogue.now_s(connection))

    def put_note(self, name: str, text: str | None) -> None:
        """See `Store.put_note`."""
        with self._writing() as connection:
            notes.put(connection, name, text)

    def note(self, name: str) -> str | None:
        """See `Store.note`."""
        with self._reading() as connection:
            return notes.get(connection, name)

    def notes(self, prefix: str = "") -> dict[str, str]:
        """See `Store.notes`."""
        with self._reading() as connection:
            return notes.every(connection, prefix)

    def changes(self, after: int, limit: int) -> list[Change]:
        """See `Store.changes`."""
        with self._reading() as connection:
            return changes.since(connection, after, limit)

    def last_change(self) -> int:
        """See `Store.last_change`."""
        with self._reading() as connection:
            return changes.last(connection)
