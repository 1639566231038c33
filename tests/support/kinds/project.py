"""The files that let a foreign project run in every kind of process, and answer what it reads there."""

from __future__ import annotations

from tests.support.foreign_project import ForeignProject

SETTINGS = """
WSGI_APPLICATION = "shop.wsgi.application"
ASGI_APPLICATION = "shop.asgi.application"
DATABASES["default"]["CONN_MAX_AGE"] = None
"""
# What a process answers: its pid, the value that it reads, and when the read began. On a busy machine, a time
# that is taken after the read could be long after it.
READING = """
import os, time
from config_app.api import get_config

def reading():
    began = time.time()
    return f"{os.getpid()} {get_config().page_size} {began}"

if "READS_AT_IMPORT" in os.environ:
    get_config()
"""
URLS = """
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import path

from shop.reading import reading

def index(request):
    User.objects.exists()
    return HttpResponse(reading())

async def in_event_loop(request):
    return HttpResponse(reading())

urlpatterns = [path("", index), path("async", in_event_loop), path("admin/", admin.site.urls)]
"""
WSGI = """
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
import shop.reading
"""
ASGI = """
from django.core.asgi import get_asgi_application

on_http = get_asgi_application()
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

from shop.reading import reading

class InThread(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(reading())

class InEventLoop(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(reading())

sockets = URLRouter([path("socket", InThread.as_asgi()), path("async", InEventLoop.as_asgi())])
application = ProtocolTypeRouter({"http": on_http, "websocket": sockets})
"""
# A broker in a folder needs no server. Each answer is a file, which `rename` completes.
TASKS = """
import os
from pathlib import Path

import django
from celery import Celery

django.setup()
app = Celery("shop", broker="filesystem://")
folder = os.environ["BROKER"]
options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": f"{folder}-control"}
app.conf.broker_transport_options = {**options, "polling_interval": 0.01}
app.conf.worker_prefetch_multiplier = 1
import shop.reading

@app.task
def read(name):
    answer = Path(name)
    answer.with_suffix(".part").write_text(shop.reading.reading())
    answer.with_suffix(".part").rename(answer)
"""
# kombu creates an empty file and then writes the message. A worker could take the empty file, so each message
# is written elsewhere and renamed.
ASK = """
import sys
from pathlib import Path

from shop.tasks import app, folder, read

outbox = Path(f"{folder}-outbox")
outbox.mkdir()
app.conf.broker_transport_options["data_folder_out"] = str(outbox)
for line in sys.stdin:
    read.delay(line.strip())
    for message in outbox.iterdir():
        message.rename(Path(folder) / message.name)
"""


def furnish(project: ForeignProject) -> None:
    """Write the files into ``project``."""
    project.add_settings(SETTINGS)
    files = {"reading": READING, "urls": URLS, "wsgi": WSGI, "asgi": ASGI, "tasks": TASKS, "ask": ASK}
    for name, text in files.items():
        project.write(f"shop/{name}.py", text)
