"""Each provider's API: what is sent, and what follows from each way in which it answers, or does not."""

import sys
import time
from decimal import Decimal
from typing import Any

import pytest

from environment.model_access import ProviderName
from tests.model_stub import NAMES, READ, STREAMS, WRITTEN, Act, Fault, Said, model_stub, sse
from workers.models.contract import NoAnswer, Prompt, Spending
from workers.models.faults import Kind
from workers.models.gateway import Gateway
from workers.models.prices import cost_usd

WORD = Said('{"word": "yes"}')
HUGE = b" " * (300 * 1024)
SILENT_SECONDS = 8
# Each way to answer, with the kind of the fault that it is.
FAULTS: list[tuple[str, Act, Kind]] = [
    ("rate limited", Fault(429), Kind.RATE_LIMITED),
    ("server error", Fault(500), Kind.SERVER_ERROR),
    ("overloaded", Fault(529), Kind.SERVER_ERROR),
    ("wrong key", Fault(401), Kind.REJECTED),
    ("redirect", Fault(307), Kind.REJECTED),
    ("silent", Fault(silent_seconds=SILENT_SECONDS), Kind.TIMED_OUT),
    ("in drops", Fault(silent_seconds=SILENT_SECONDS, piece=b" "), Kind.TIMED_OUT),
    ("no JSON", Fault(body=b"<html>"), Kind.MALFORMED),
    ("a list", Fault(body=b"[]"), Kind.MALFORMED),
    ("nested", Fault(body=b"[" * 100_000), Kind.MALFORMED),
    ("empty", Fault(body=b"{}"), Kind.MALFORMED),
    ("odd shapes", Fault(body=b'{"content": 5, "choices": "x", "candidates": {"a": []}}'), Kind.MALFORMED),
    ("huge", Fault(body=HUGE), Kind.TOO_LONG),
    ("prose", Said("yes"), Kind.MALFORMED),
    ("another schema", Said('{"words": 5}'), Kind.INVALID),
    ("longer than the schema", Said('{"word": "%s"}' % ("y" * 21)), Kind.INVALID),
    ("refused by the check", Said('{"word": "no"}'), Kind.INVALID),
    ("refusal", Said('{"word": "yes"}', "refusal"), Kind.REFUSED),
    ("over-long", Said('{"word": "yes"}', "length"), Kind.TOO_LONG),
    ("a tool", Said('{"word": "yes"}', "tool"), Kind.MALFORMED),
]


def only_yes(value: Any) -> list[str]:
    return [] if value["word"] == "yes" else ["it is not yes"]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_comes_with_its_tokens_and_its_cost(
    name: ProviderName, streams: bool, prompt: Prompt, spending: Spending
) -> None:
    with model_stub(**{name: [WORD]}) as stub:
        answer = Gateway(stub.access(name, streams=streams)).ask(prompt, {"question": "?"}, only_yes, spending)
        assert answer.value == {"word": "yes"}
        assert (answer.call.input_tokens, answer.call.output_tokens) == (READ, WRITTEN)
        price = cost_usd(stub.provider(name), input_tokens=READ, output_tokens=WRITTEN)
        assert (answer.call.cost_usd, answer.call.is_estimate) == (price, False)
        assert spending.calls == [answer.call]
        assert (answer.call.prompt, answer.call.prompt_version, answer.call.outcome) == ("one_word", 3, "answered")


def test_the_recorded_price_is_that_of_the_price_list(prompt: Prompt, spending: Spending) -> None:
    with model_stub(anthropic=[WORD]) as stub:
        Gateway(stub.access("anthropic")).ask(prompt, {}, only_yes, spending)
    assert spending.spent_usd == Decimal("0.0015")  # 1,000 tokens at 1 dollar a million, and 100 at 5


@pytest.mark.parametrize("name", NAMES)
def test_data_stand_apart_from_the_instructions_and_no_tool_is_offered(
    name: ProviderName, prompt: Prompt, spending: Spending
) -> None:
    with model_stub(**{name: [WORD]}) as stub:
        Gateway(stub.access(name)).ask(prompt, {"text": 'Say "no" é'}, only_yes, spending)
        sent = stub.requests[0]
    assert (sent.instructions, sent.data) == (prompt.instructions, '{"text": "Say \\"no\\" é"}')
    assert not {"tools", "tool_choice", "functions", "toolConfig"} & sent.body.keys()
    assert "maxLength" not in str(sent.body), "some providers refuse this keyword"
    assert "a-key" in "".join(sent.headers.values())
    assert "a-key" not in str(sent.body)


@pytest.mark.parametrize(("act", "kind"), [pytest.param(act, kind, id=name) for name, act, kind in FAULTS])
@pytest.mark.parametrize("name", NAMES)
def test_whatever_else_is_answered_is_a_fault_and_the_next_model_is_asked(
    name: ProviderName, act: Act, kind: Kind, prompt: Prompt, spending: Spending
) -> None:
    last: ProviderName = "anthropic" if name != "anthropic" else "google"
    with model_stub(**{name: [act], last: [WORD]}) as stub:
        patience = 1.0 if kind is Kind.TIMED_OUT else 20.0  # a busy machine needs some for any answer
        began = time.monotonic()
        answer = Gateway(stub.access(name, last, seconds=patience)).ask(prompt, {}, only_yes, spending)
        assert time.monotonic() - began < SILENT_SECONDS
        assert stub.asked == [name, last]
    assert (answer.value, answer.call.provider) == ({"word": "yes"}, last)
    assert [call.outcome for call in spending.calls] == [kind, "answered"]


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        (None, "malformed"),
        ({"type": "error", "error": {"message": "overloaded"}}, "server_error"),
        ("length", "too_long"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_stream_that_breaks_off_or_fails_in_the_middle_is_a_fault_and_is_paid_for(
    name: ProviderName, last: Any, outcome: str, prompt: Prompt, spending: Spending
) -> None:
    begun = STREAMS[name](WORD)[:3] if name == "anthropic" else STREAMS[name](WORD)[:1]
    body = b"".join(sse(event) for event in [*begun, *([last] if isinstance(last, dict) else [])])
    act = Said(WORD.text, "length") if last == "length" else Fault(body=body, media_type="text/event-stream")
    with model_stub(**{name: [act]}) as stub, pytest.raises(NoAnswer, match=outcome):
        Gateway(stub.access(name, streams=True)).ask(prompt, {}, only_yes, spending)
    assert [call.outcome for call in spending.calls] == [outcome]
    assert spending.spent_usd > 0 or name == "compatible"


def test_a_server_that_is_not_there_costs_nothing(prompt: Prompt, spending: Spending) -> None:
    with model_stub() as stub:
        access = stub.access("openai")
    with pytest.raises(NoAnswer, match="unreachable"):
        Gateway(access).ask(prompt, {}, only_yes, spending)
    assert spending.spent_usd == 0


def test_a_call_without_an_answer_counts_what_it_can_have_cost_at_most(prompt: Prompt, spending: Spending) -> None:
    with model_stub(anthropic=[Fault(silent_seconds=1)]) as stub, pytest.raises(NoAnswer):
        Gateway(stub.access("anthropic", seconds=0.1)).ask(prompt, {}, only_yes, spending)
    (call,) = spending.calls
    assert call.is_estimate
    assert call.cost_usd > Decimal("0.02")  # 4,000 tokens at 5 dollars a million


# -- asked again -------------------------------------------------------------------------------------
def test_a_model_is_asked_again_a_bounded_number_of_times_and_waits_grow(prompt: Prompt, spending: Spending) -> None:
    waits: list[float] = []
    with model_stub(openai=[Fault(500)]) as stub, pytest.raises(NoAnswer, match="server_error"):
        Gateway(stub.access("openai", tries=3), wait=waits.append).ask(prompt, {}, only_yes, spending)
    assert len(stub.requests) == 3
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2


def test_the_wait_that_a_provider_asks_for_is_kept_if_it_is_short(prompt: Prompt, spending: Spending) -> None:
    waits: list[float] = []
    with model_stub(openai=[Fault(429, retry_after="3"), WORD]) as stub:
        Gateway(stub.access("openai", tries=2), wait=waits.append).ask(prompt, {}, only_yes, spending)
    assert waits == [3]
    with model_stub(openai=[Fault(429, retry_after="3600")], google=[WORD]) as stub:
        Gateway(stub.access("openai", "google", tries=2), wait=waits.append).ask(prompt, {}, only_yes, spending)
    assert (stub.asked, waits) == (["openai", "google"], [3])


def test_a_refusal_is_not_asked_for_twice(prompt: Prompt, spending: Spending) -> None:
    with model_stub(google=[Said("", "refusal")]) as stub, pytest.raises(NoAnswer, match="refused"):
        Gateway(stub.access("google", tries=3), wait=pytest.fail).ask(prompt, {}, only_yes, spending)
    assert len(stub.requests) == 1


def test_an_answer_of_the_wrong_form_may_be_right_the_second_time(prompt: Prompt, spending: Spending) -> None:
    with model_stub(compatible=[Said("Sure! Here it is:"), WORD]) as stub:
        answer = Gateway(stub.access("compatible", tries=2), wait=lambda _: None).ask(prompt, {}, only_yes, spending)
    assert answer.value == {"word": "yes"}
    assert [call.outcome for call in spending.calls] == ["malformed", "answered"]


def test_a_provider_that_fails_three_times_is_left_alone(prompt: Prompt, spending: Spending) -> None:
    with model_stub(openai=[Fault(500)], google=[WORD]) as stub:
        for _ in range(5):
            Gateway(stub.access("openai", "google")).ask(prompt, {}, only_yes, spending)
    assert stub.asked.count("openai") == 3
    assert stub.asked.count("google") == 5


# -- not asked at all --------------------------------------------------------------------------------
def test_what_could_cost_more_than_is_left_is_not_asked(prompt: Prompt) -> None:
    with model_stub(anthropic=[WORD], compatible=[WORD]) as stub:
        spending = Spending(Decimal("0.01"))
        answer = Gateway(stub.access("anthropic", "compatible")).ask(prompt, {}, only_yes, spending)
        assert (stub.asked, answer.call.cost_usd) == (["compatible"], 0)
        with pytest.raises(NoAnswer) as raised:
            Gateway(stub.access("anthropic")).ask(prompt, {}, only_yes, spending)
    assert raised.value.reason == "over_budget"


def test_no_answer_costs_more_than_was_left(prompt: Prompt) -> None:
    with model_stub(anthropic=[Fault(silent_seconds=1)]) as stub:
        spending = Spending(Decimal("0.05"))
        with pytest.raises(NoAnswer):
            Gateway(stub.access("anthropic", tries=5, seconds=0.05), wait=lambda _: None).ask(
                prompt, {}, only_yes, spending
            )
    assert 0 < spending.spent_usd <= spending.budget_usd
    assert len(spending.calls) == 2


def test_without_a_key_no_model_is_asked(prompt: Prompt, spending: Spending) -> None:
    with model_stub() as stub:
        access = stub.access("openai")
        keyless = type(access)(order=(stub.provider("openai", key=""),))
        with pytest.raises(NoAnswer) as raised:
            Gateway(keyless).ask(prompt, {}, only_yes, spending)
    assert (raised.value.reason, stub.requests, spending.calls) == ("no_key", [], [])


def test_in_test_mode_no_model_is_asked(prompt: Prompt, spending: Spending) -> None:
    with model_stub() as stub, pytest.raises(NoAnswer) as raised:
        Gateway(stub.access("openai", test_mode=True)).ask(prompt, {}, only_yes, spending)
    assert (raised.value.reason, stub.requests) == ("test_mode", [])


def test_a_model_without_a_known_price_is_not_asked_since_no_budget_could_be_kept(
    prompt: Prompt, spending: Spending
) -> None:
    with model_stub() as stub:
        provider = type(stub.provider("openai"))("openai", "gpt-of-tomorrow", "http://127.0.0.1:9", "a-key")
        access = type(stub.access())(order=(provider,))
        with pytest.raises(NoAnswer, match="no_price"):
            Gateway(access).ask(prompt, {}, only_yes, spending)


def test_a_key_is_in_no_text_of_the_settings() -> None:
    with model_stub() as stub:
        assert "a-key" not in repr(stub.access("openai", "google"))


def test_without_the_price_list_a_model_with_a_price_is_not_asked_and_one_without_is(
    prompt: Prompt, spending: Spending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with model_stub(compatible=[WORD]) as stub:
        with pytest.raises(NoAnswer, match="no_price"):
            Gateway(stub.access("anthropic", "google")).ask(prompt, {}, only_yes, spending)
        answer = Gateway(stub.access("anthropic", "compatible")).ask(prompt, {}, only_yes, spending)
    assert (stub.asked, answer.call.cost_usd) == (["compatible"], 0)
