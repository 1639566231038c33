"""Template tags for the wizard's pages."""

from __future__ import annotations

from django import template

from setup_wizard.product import get_product

register = template.Library()


@register.simple_tag
def product_noun() -> str:
    """Return the word for the product, such as ``hub``."""
    return get_product().noun
