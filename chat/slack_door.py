"""The address to which Slack sends clicks. Only a signed request has an effect; a forged one costs one HMAC."""

import logging
import time
from urllib.parse import parse_qs

import orjson
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_redis.exceptions import ConnectionInterrupted

from chat.errors import Forged
from chat.signatures import require_signed
from chat.slack_answers import click_in, reply_to_click
from chat.slack_calls import reply_later
from environment.chat import Slack
from events.broker import BROKER_ERRORS

logger = logging.getLogger(__name__)

# A click brings its message along, at most fifty blocks, and twice as long where it is escaped.
MOST_BYTES = 1024 * 1024


@csrf_exempt  # no browser sends this: the signature says who does
@require_POST
def take_click(request: HttpRequest) -> HttpResponse:
    """Answer 200 to a signed request, whatever became of the click; the person reads about it in Slack.

    403 for a request that is not signed, too old or a repetition, 400 for one that is no click, 503 while the cache is
    away, which knows the repetitions. Raises Http404 where no Slack app is set.
    """
    slack: Slack | None = settings.CHAT.slack
    if slack is None:
        raise Http404
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        require_signed_by_slack(request, slack)
    except (ConnectionInterrupted, *BROKER_ERRORS):
        return HttpResponse("Try again in a moment.", status=503, content_type="text/plain")
    except Forged as error:
        logger.warning("A request to the address for Slack was refused: %s", error.message)
        return HttpResponse(error.message, status=403, content_type="text/plain; charset=utf-8")
    try:
        click = click_in(orjson.loads(parse_qs(request.body.decode(), strict_parsing=True)["payload"][0]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return HttpResponse("This is no click on a question.", status=400, content_type="text/plain")
    if click is not None:
        reply_later(slack, click.reply_to, reply_to_click(slack, click))
    return HttpResponse()


def require_signed_by_slack(request: HttpRequest, slack: Slack) -> None:
    """Raise Forged unless Slack signed the request, just now, and it is not repeated."""
    require_signed(
        slack.signing_secret,
        timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
        signature=request.headers.get("X-Slack-Signature", ""),
        body=request.body,
        now=time.time(),
    )
