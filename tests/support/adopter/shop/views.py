"""The pages of the shop."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config_app.api import aget_config, aplan, get_config, plan
from shop.models import Good


def index(request: HttpRequest) -> HttpResponse:
    """Greet."""
    return HttpResponse(f"{get_config().page_size} {get_config().greeting}")


async def async_index(request: HttpRequest) -> HttpResponse:
    """Greet without a thread."""
    config = await aget_config()
    return HttpResponse(f"{config.page_size} {get_config().greeting}")


def goods(request: HttpRequest) -> JsonResponse:
    """List the first page of goods."""
    page = Paginator(Good.objects.order_by("pk"), get_config().page_size).page(1)
    return JsonResponse({"goods": [good.name for good in page]})


@csrf_exempt
def resize(request: HttpRequest) -> HttpResponse:
    """Change the page size."""
    with transaction.atomic():
        plan({"page_size": request.POST["size"]}).apply(reason="by request")
    return HttpResponse("done")


@csrf_exempt
async def async_resize(request: HttpRequest) -> HttpResponse:
    """Change the page size without a thread."""
    changes = await aplan({"page_size": request.POST["size"]})
    await changes.aapply(reason="by request")
    return HttpResponse("done")
