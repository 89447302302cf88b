"""What schemathesis cannot guess of a submission, as its hook."""

import uuid

import schemathesis

# Of these, only what the exchange gave, or what fits the withdrawal, is accepted: they hide what would come after them.
UNGUESSABLE = ("challengeProof", "quoteId", "travelRule", "memo")


@schemathesis.hook.apply_to(method="POST", path="/withdrawals")
def before_call(_context, case, _kwargs) -> None:
    """Makes each submission that is of its form a new one. The phase `coverage`, which tries each member, keeps the members."""
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.meta.phase.name.value != "coverage":
        for name in UNGUESSABLE:
            case.body.pop(name, None)
