"""Asks the models in their order until one gives an answer that can be used, within the times and the budget.

What a model answers is data from outside: it is parsed as JSON, validated against the prompt's JSON Schema, and then
checked by the agent. Nothing in it is run.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import uniform
from typing import Any

from environment.model_access import ModelAccess, ModelProvider
from schemas.compiled import compile_schema
from workers.models.breaker import breaker_of
from workers.models.contract import Answer, Call, Check, NoAnswer, Prompt, Spending
from workers.models.dialects import MOST_OUTPUT_TOKENS, Asked, Dialect, Reply, anthropic, google, openai
from workers.models.faults import FREE, OUTAGES, RETRYABLE, Kind, ModelFault
from workers.models.prices import cost_usd
from workers.models.transport import post

DIALECTS: dict[str, Dialect] = {
    "anthropic": Dialect(anthropic.request, anthropic.read),
    "openai": Dialect(openai.request, openai.read),
    "google": Dialect(google.request, google.read),
    "compatible": Dialect(openai.request, openai.read),
}
# All models together have so long: less than the time limit of an agent.
LONGEST_SECONDS = 240.0
# The wait before a model is asked again doubles, up to the longest; a provider that wants a longer one is passed over.
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 8.0
# Some providers refuse these keywords; the answer is validated against them here.
KEPT_HERE = {
    *("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern", "$schema", "$id"),
}
# Bytes that the providers' own words around a prompt and its schema may have, as tokens.
TOKENS_AROUND = 1_000


@dataclass
class Gateway:
    """The models that may be asked; `wait` sleeps for some seconds."""

    access: ModelAccess
    wait: Callable[[float], None] = time.sleep
    deadline: float = field(default_factory=lambda: time.monotonic() + LONGEST_SECONDS)

    def ask(self, prompt: Prompt, data: Mapping[str, Any], check: Check, spending: Spending) -> Answer:
        """Return the first usable answer. Raises NoAnswer; each call that was made is noted in `spending`.

        Its reason is "test_mode", "no_key" if no model has a key, "over_budget" if only the budget is in the way, else
        "no_answer".
        """
        if self.access.test_mode:
            raise NoAnswer("test_mode")
        quoted, faults = json.dumps(data, ensure_ascii=False), []
        for provider in self.access.order:
            try:
                return Attempts(self, provider, prompt, quoted, check, spending).answer()
            except ModelFault as fault:
                faults.append((provider, fault))
        kinds = {fault.kind for _provider, fault in faults}
        reason = next(
            (k.value for k in (Kind.NO_KEY, Kind.OVER_BUDGET) if kinds and kinds <= {Kind.NO_KEY, k}), "no_answer"
        )
        raise NoAnswer(reason if faults else "no_key", [f"{provider}: {fault.kind}" for provider, fault in faults])


@dataclass
class Attempts:
    """The calls to one model for one answer."""

    gateway: Gateway
    provider: ModelProvider
    prompt: Prompt
    data: str
    check: Check
    spending: Spending

    def answer(self) -> Answer:
        """Return the model's answer; ask again, up to `tries` times, where that can help. Raises ModelFault."""
        self.require_key()
        for attempt in range(1, self.gateway.access.tries + 1):
            try:
                return self.one_call()
            except ModelFault as fault:
                if attempt == self.gateway.access.tries or fault.kind not in RETRYABLE:
                    raise
                self.wait_before_retry(fault, attempt)
        raise AssertionError("unreachable")

    def require_key(self) -> None:
        """Raise ModelFault if the provider wants a key and none is set."""
        if not self.provider.key and self.provider.name != "compatible":
            raise ModelFault(Kind.NO_KEY, "no key is set")

    def wait_before_retry(self, fault: ModelFault, attempt: int) -> None:
        """Wait, longer each time, or as long as the provider asks. Raises the fault again if that is too long."""
        seconds = uniform(0.5, 1) * FIRST_WAIT_SECONDS * 2**attempt if fault.retry_after is None else fault.retry_after
        if seconds > LONGEST_WAIT_SECONDS or time.monotonic() + seconds > self.gateway.deadline:
            raise fault
        self.gateway.wait(seconds)

    def one_call(self) -> Answer:
        """Ask the model once and return its answer, with the call on record. Raises ModelFault."""
        breaker = breaker_of(self.provider)
        if breaker.is_open():
            raise ModelFault(Kind.CIRCUIT_OPEN, "it failed several times and is left alone for a while")
        seconds, highest = self.seconds_left(), self.require_budget()
        reply, began = Reply(), time.monotonic()
        try:
            value = self.value_of(reply, seconds)
        except ModelFault as fault:
            if fault.kind in OUTAGES:
                breaker.note_failure()
            is_free = fault.kind in FREE and not reply.text
            self.note_call(fault.kind.value, reply, began, Decimal(0) if is_free else highest)
            raise
        breaker.note_success()
        return Answer(value, self.note_call("answered", reply, began, highest))

    def seconds_left(self) -> float:
        """Return the time for the next call. Raises ModelFault if the time of all calls is over."""
        seconds = min(self.gateway.access.seconds, self.gateway.deadline - time.monotonic())
        if seconds <= 0:
            raise ModelFault(Kind.OVER_BUDGET, "the time for all models is over")
        return seconds

    def require_budget(self) -> Decimal:
        """Return the highest cost that the next call can have. Raises ModelFault if that is more than what is left.

        A token has at least one byte.
        """
        sent = len(self.prompt.instructions.encode()) + len(self.data.encode())
        most = sent + len(json.dumps(dict(self.prompt.answer_schema))) + TOKENS_AROUND
        highest = cost_usd(self.provider, input_tokens=most, output_tokens=MOST_OUTPUT_TOKENS)
        if highest > self.spending.left_usd:
            raise ModelFault(Kind.OVER_BUDGET, "the next call could cost more than is left of the budget")
        return highest

    def value_of(self, reply: Reply, seconds: float) -> Any:
        """Ask the model, fill in the reply, and return the answer in it. Raises ModelFault."""
        dialect, schema = DIALECTS[self.provider.name], self.prompt.answer_schema
        asked = Asked(self.provider, self.prompt.instructions, self.data, sendable(schema), self.gateway.access.streams)
        for event in post(dialect.request(asked), seconds=seconds):
            dialect.read(event, reply)
        require_whole(reply)
        value = parsed(reply.text)
        if problems := compile_schema(dict(schema)).problems(value):
            raise ModelFault(Kind.INVALID, f"the answer breaks its schema: {problems[0].message}")
        if faults := self.check(value):
            raise ModelFault(Kind.INVALID, f"the answer was refused: {faults[0]}")
        return value

    def note_call(self, outcome: str, reply: Reply, began: float, highest: Decimal) -> Call:
        """Note the call and return it: at its price, or at the highest possible one if its tokens are not known."""
        is_counted = reply.input_tokens is not None and reply.output_tokens is not None
        read, written = reply.input_tokens or 0, reply.output_tokens or 0
        cost = cost_usd(self.provider, input_tokens=read, output_tokens=written) if is_counted else highest
        call = Call(
            provider=self.provider.name,
            model=self.provider.model,
            prompt=self.prompt.name,
            prompt_version=self.prompt.version,
            outcome=outcome,
            input_tokens=read,
            output_tokens=written,
            cost_usd=cost,
            is_estimate=not is_counted and highest > 0,
            milliseconds=round(1000 * (time.monotonic() - began)),
        )
        self.spending.calls.append(call)
        return call


def require_whole(reply: Reply) -> None:
    """Raise ModelFault if the model did not end its answer by itself, refused it, or wanted something to be run."""
    if reply.error:
        raise ModelFault(Kind.SERVER_ERROR, f"an error in the middle of the answer: {reply.error}"[:200])
    if reply.ended == "refusal":
        raise ModelFault(Kind.REFUSED, "the model refused to answer")
    if reply.ended == "length":
        raise ModelFault(Kind.TOO_LONG, f"the answer has more than {MOST_OUTPUT_TOKENS} tokens")
    if reply.ended != "stop":
        raise ModelFault(Kind.MALFORMED, "the answer has no end, or wants something to be run")


def parsed(text: str) -> Any:
    """Return the text as JSON. Raises ModelFault."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFault(Kind.MALFORMED, "the text of the answer is no JSON") from error


def sendable(schema: Any) -> Any:
    """Return the schema as every provider accepts it: without the keywords that are only checked here."""
    if isinstance(schema, list):
        return [sendable(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: sendable(value) for key, value in schema.items() if key not in KEPT_HERE}
