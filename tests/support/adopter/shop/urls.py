"""The addresses of the shop."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from shop import views

urlpatterns = [
    path("", views.index),
    path("async/", views.async_index),
    path("goods/", views.goods),
    path("resize/", views.resize),
    path("async/resize/", views.async_resize),
    path("admin/", admin.site.urls),
]
