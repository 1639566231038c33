"""The views of the wizard's pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from config_app.declaration.secret import Secret
from config_app.encryption import install_keyring
from config_app.encryption.slot_management import new_recovery_code
from config_app.errors import ConfigError, InvalidPlan
from setup_wizard.claiming import draft, tokens
from setup_wizard.claiming.answers import Answers
from setup_wizard.claiming.claim import Claim, application_of, claim, claim_made_with, rehearse
from setup_wizard.claiming.forms import StepForm, TokenForm, form_of
from setup_wizard.claiming.state import unclaimed_config
from setup_wizard.errors import AlreadyClaimed, TakenOver
from setup_wizard.pages import access, navigation, refusals, review
from setup_wizard.pages.last_page import finish, welcome
from setup_wizard.pages.navigation import REVIEW
from setup_wizard.pages.sections import sections
from setup_wizard.product import Application, get_product
from setup_wizard.steps import Step

WRONG_TOKEN = (
    "This is not a valid setup token. It may be expired or used, or it may belong to another installation "  # noqa: S105 - a text for people
    "on the server. Make a new token on the server, with the command that the log shows."
)


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class SetupView(View):
    """A page that answers only while the install is unclaimed, and only to the holder of the token."""

    needs_token = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check that this browser may set up the install, then call the view.

        If the browser may not set up the install, redirect to the token page. Answer 404 if the install is
        claimed, and 503 if the database or configuration has a problem.
        """
        try:
            # The middleware has checked this too, but the view must be safe even without the middleware (S5).
            self.config = unclaimed_config()
            if self.needs_token and not access.may_set_up(request):
                return self.refuse()
            self.draft = draft.load()
            return super().dispatch(request, *args, **kwargs)
        except AlreadyClaimed:
            return refusals.closed(request)
        except TakenOver:
            return self.refuse()
        except ConfigError as error:
            return refusals.unavailable(request, error)

    def refuse(self) -> HttpResponse:
        """Redirect the browser to the page that asks for the token."""
        return redirect("setup:token")

    def answers(self) -> Answers:
        """Return an ``Answers`` with the draft, the configuration and the product's suggestions."""
        known = Answers(draft=self.draft, config=self.config)
        suggested = get_product().suggest(self.request, known)
        return Answers(draft=self.draft, config=self.config, suggested=suggested)

    def find_step(self, name: str) -> Step | None:
        """Return the step with this name. Return ``None`` if the chosen mode has no such step."""
        return next((step for step in self.draft.steps_in_order() if step.name == name), None)

    def show(self, step: Step, template: str, context: dict[str, Any]) -> HttpResponse:
        """Render a page of the wizard with its navigation."""
        place = {
            "steps": navigation.rows(step, self.draft),
            "back_url": navigation.url_before(step, self.draft),
            "title": step.title,
            "intro": step.intro,
            "is_first": step.name == self.draft.steps_in_order()[0].name,
        }
        return render(self.request, template, place | context)


class TokenView(SetupView):
    """The page that asks for the setup token. The page reveals nothing about the machine."""

    needs_token = False

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the token. If this browser already holds the token, redirect to the next step instead."""
        if access.may_set_up(request):
            return redirect(navigation.next_url(self.draft))
        return self._ask(TokenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """If the token is valid, let this browser set up the install, and redirect to the next step.

        Otherwise change nothing and ask for the token again.
        """
        form = TokenForm(request.POST)
        if not form.is_valid():
            return self._ask(form)
        proof = tokens.accept(form.cleaned_data["token"])
        if proof is None:
            form.add_error(None, get_product().count_wrong_token(request) or WRONG_TOKEN)
            return self._ask(form)
        access.unlock(request, proof)
        # Load the draft again, because the new token may have changed it: the steps of an earlier holder only
        # prefill the forms.
        return redirect(navigation.next_url(draft.load()))

    def _ask(self, form: TokenForm) -> HttpResponse:
        return render(self.request, "setup_wizard/token.html", {"form": form})


class StepView(SetupView):
    """The page of one step. The draft stores the answers. The answers take effect with the claim."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show the prefilled form."""
        step = self._open_step(name)
        if step is None:
            return redirect(navigation.next_url(self.draft))
        return self._show(step, form_of(step, self.answers()))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Save the answers in the draft and redirect to the next page."""
        step = self._open_step(name)
        if step is None:
            return redirect(navigation.next_url(self.draft))
        form = form_of(step, self.answers(), request.POST)
        if form.is_valid() and self._stage(step, form):
            return redirect(navigation.url_after(step, draft.load()))
        return self._show(step, form)

    def _open_step(self, name: str) -> Step | None:
        """Return the step. Return ``None`` if the step does not exist or an earlier step is not completed."""
        step, first = self.find_step(name), self.draft.first_incomplete()
        order = self.draft.steps_in_order()
        if step is None or (first is not None and order.index(step) > order.index(first)):
            return None
        return step

    def _stage(self, step: Step, form: StepForm) -> bool:
        try:
            holder = access.holder(self.request)
            draft.save(step, form.texts(), form.secrets(), form.password(), holder=holder)
        except (AlreadyClaimed, TakenOver):
            raise
        except ConfigError as error:
            form.add_error(None, str(error))
            return False
        return True

    def _show(self, step: Step, form: StepForm) -> HttpResponse:
        context = {
            "form": form,
            "sections": sections(form),
            "problems": review.notices(step, self.draft),
            "is_from_earlier": self.draft.is_from_earlier(step.name) and not form.is_bound,
            "references": get_product().references(step, self.request),
            "is_locked": bool(form.errors) and install_keyring.is_locked_now(),
        }
        return self.show(step, step.template, context)


class ReviewView(SetupView):
    """The page that shows all answers and claims the install."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show all answers, and the errors that prevent the claim."""
        if self.draft.first_incomplete():
            return redirect(navigation.next_url(self.draft))
        return self._show()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Claim the install, sign the administrator in, and redirect to the last page.

        If the mode requires a test sign-in, send the browser to the test sign-in instead. If errors prevent
        the claim, show the errors.
        """
        if self.draft.first_incomplete():
            return redirect(navigation.next_url(self.draft))
        try:
            application = application_of(self.draft)
            if application.mode in get_product().proved_modes:
                return self._leave(application)
            holder, address = access.holder(request), request.META.get("REMOTE_ADDR", "")
            codes: list[Secret] = []
            done = claim(application, holder=holder, address=address, hand_over=codes.append)
        except AlreadyClaimed:
            return self._finish_again()
        except TakenOver:
            raise
        except ConfigError as error:
            return self._show(getattr(error, "errors", [error]))
        return finish(request, done, codes[0])

    def _leave(self, application: Application) -> HttpResponse:
        """Redirect to a test sign-in. If errors would prevent the claim, show the errors instead."""
        errors = rehearse(application).errors
        return self._show(errors) if errors else get_product().prove(self.request, application)

    def _finish_again(self) -> HttpResponse:
        """Return the response to a second submission of the review page.

        The response is the same as the first response, but with a new recovery code. Raise ``AlreadyClaimed``
        if the claim was made with other answers.
        """
        # Only one session is the holder of the token, so the same person has sent the form twice.
        earlier = claim_made_with(application_of(self.draft))
        if earlier is None:
            raise AlreadyClaimed
        # The browser may never have shown the first response with its recovery code, so make a new code.
        codes: list[Secret] = []
        new_recovery_code(codes.append, is_confirmed=False)
        return finish(self.request, earlier, codes[0])

    def _show(self, errors: Sequence[ConfigError] | None = None) -> HttpResponse:
        context = review.context(self.request, self.answers(), errors)
        context["finish_label"] = get_product().finish_label(self.draft.mode)
        return self.show(REVIEW, "setup_wizard/review.html", context)


class ProofView(SetupView):
    """The view to which a browser comes back after the test sign-in. This view makes the claim."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Claim the install and redirect to the last page. After a failed sign-in, return an error page."""
        # This browser may have taken over while another one was at the test sign-in. Then steps are missing.
        if self.draft.first_incomplete():
            return redirect(navigation.next_url(self.draft))
        application = application_of(self.draft)
        made: list[Claim] = []
        codes: list[Secret] = []

        def commit(actor: str) -> None:
            holder, address = access.holder(request), request.META.get("REMOTE_ADDR", "")
            done = claim(application, holder=holder, actor=actor, address=address, hand_over=codes.append)
            made.append(done)

        try:
            refusal = get_product().conclude(request, application, commit)
        except InvalidPlan:
            return redirect("setup:review")  # the review page shows the errors
        if refusal is not None:
            return refusal
        return welcome(request, made[0], codes[0])
