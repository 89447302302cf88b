"""What schemathesis cannot guess, as its hooks: how the client authenticates, and what makes a submission a new one."""

import uuid
from base64 import b64encode

import schemathesis

CLIENT = b64encode(b"example-wallet:sandbox-secret-of-example-wallet").decode()
# Of these, only what the exchange gave, or what fits the withdrawal, is accepted: they hide what would come after them.
UNGUESSABLE = ("challengeProof", "quoteId", "travelRule", "memo")


@schemathesis.hook("before_call").apply_to(method="POST", path_regex="^/oauth/")
def authenticate(_context, case, _kwargs) -> None:
    """The endpoints of OAuth take the client's secret, and no token."""
    case.headers["Authorization"] = f"Basic {CLIENT}"


@schemathesis.hook("before_call").apply_to(method="POST", path="/withdrawals")
def submit_anew(_context, case, _kwargs) -> None:
    """A submission that is of its form is a new one. The phase `coverage`, which tries each member, keeps the members."""
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.meta.phase.name.value != "coverage":
        for name in UNGUESSABLE:
            case.body.pop(name, None)
