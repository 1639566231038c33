"""The pages that restore a backup or import an export."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config_app.admin.differences import planned_rows
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError, InvalidPlan
from config_app.problems import full_sentence
from config_app.transfer.document import Document
from config_app.transfer.held import held, hold
from config_app.transfer.uploads import read_upload
from setup_wizard.claiming import imported, restoration, upload
from setup_wizard.claiming.restore_forms import BackupForm, ImportForm, UploadForm
from setup_wizard.errors import AlreadyClaimed, TakenOver
from setup_wizard.pages import access
from setup_wizard.pages.last_page import finish_restored
from setup_wizard.pages.views import SetupView
from setup_wizard.product import Backup, get_product

CHOSEN = "chosen"
"""The name of the checkboxes that select the changes to import."""
MEGABYTE = 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UploadView(SetupView):
    """The page that asks for a backup or an export."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the file."""
        return ask_for_file(request, UploadForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Check the uploaded file.

        If the file is an export, show the changes that it would make. If the file is a backup, keep the file
        on the server and redirect to the page that shows the backup.
        """
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                return self._review(request, form.cleaned_data["file"], form.cleaned_data["passphrase"])
            except ConfigError as error:
                _add_errors(form, error, "file")
        return ask_for_file(request, form)

    def _review(self, request: HttpRequest, file: UploadedFile[Any], passphrase: str) -> HttpResponse:
        if get_product().largest_backup and not _is_export(file):
            _keep_backup(file)
            return redirect("setup:backup")
        document = read_upload(file, passphrase)
        form = ImportForm(initial={"document": hold(document, owner(request))})
        return review_import(request, form, document)


def ask_for_file(request: HttpRequest, form: UploadForm) -> HttpResponse:
    """Show the page that asks for the file."""
    product = get_product()
    context = {
        "form": form,
        "has_backups": bool(product.largest_backup),
        "largest_backup": product.largest_backup // MEGABYTE,
        "restore_command": product.restore_command,
    }
    return render(request, "setup_wizard/restore.html", context)


def _ask_again(request: HttpRequest, error: ConfigError) -> HttpResponse:
    """Ask for the file again, because the reviewed file is gone or damaged."""
    form = UploadForm({})
    form.errors.clear()
    _add_errors(form, error, "file")
    return ask_for_file(request, form)


def _add_errors(form: forms.Form, error: ConfigError, field: str | None = None) -> None:
    """Show each error in ``error`` beside the field ``field``.

    If ``field`` is ``None``, show the errors above the form.
    """
    for single in error.errors if isinstance(error, InvalidPlan) else [error]:
        form.add_error(field, full_sentence(str(single), single.keys))


def _is_export(file: UploadedFile[Any]) -> bool:
    """Return whether a file seems to be JSON, and therefore an export and not a backup."""
    start: bytes = file.read(64)
    file.seek(0)
    return start.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"{")


def _keep_backup(file: UploadedFile[Any]) -> None:
    product = get_product()
    if (file.size or 0) > product.largest_backup:
        raise ConfigError(
            f"the file is larger than {product.largest_backup // MEGABYTE} MB",
            fix=f"copy it to the server, and run {product.restore_command} there",
        )
    upload.keep(file)
    try:
        product.examine_backup(upload.path())
    except ConfigError:
        upload.discard()
        raise


class BackupView(SetupView):
    """The page that shows what the uploaded backup contains, and restores it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the backup."""
        return self._with_backup(request, self._show)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Restore the backup and redirect to the last page.

        If the backup is of an unclaimed install, redirect to the next step of the wizard instead.
        """
        return self._with_backup(request, self._restore)

    def _with_backup(self, request: HttpRequest, act: Any) -> HttpResponse:
        """Call ``act`` with the backup on this server, and return the response of ``act``.

        If the backup is gone or damaged, ask for the file again.
        """
        fingerprint = upload.fingerprint()
        if not fingerprint:  # for example, another machine has it
            return _ask_again(
                request, ConfigError("this server no longer has the file", fix="choose it again")
            )
        try:
            backup = get_product().examine_backup(upload.path())
        except ConfigError as error:
            upload.discard()
            return _ask_again(request, error)
        found: HttpResponse = act(request, backup, fingerprint)
        return found

    def _show(self, request: HttpRequest, backup: Backup, fingerprint: str) -> HttpResponse:
        initial = {"fingerprint": fingerprint}
        return self._page(request, backup, BackupForm(initial=initial, asks_for_code=_asks_for_code(backup)))

    def _page(self, request: HttpRequest, backup: Backup, form: BackupForm) -> HttpResponse:
        return render(request, "setup_wizard/backup.html", {"backup": backup, "form": form})

    def _restore(self, request: HttpRequest, backup: Backup, fingerprint: str) -> HttpResponse:
        form = BackupForm(request.POST, asks_for_code=_asks_for_code(backup))
        if not form.is_valid():
            return self._page(request, backup, form)
        if form.cleaned_data["fingerprint"] != fingerprint:  # another file was chosen in another tab
            return self._show(request, backup, fingerprint)
        holder, codes = access.holder(request), list[Secret]()
        try:
            done = restoration.restore(
                upload.path(),
                holder=holder,
                unlocker=form.unlocker,
                drops_secrets=form.cleaned_data.get("drop", False),
                address=request.META.get("REMOTE_ADDR", ""),
                hand_over=codes.append,
            )
        except (AlreadyClaimed, TakenOver):
            raise
        except ConfigError as error:
            field = "code" if isinstance(error, restoration.WrongCode) else None
            _add_errors(form, error, field)
            return self._page(request, backup, form)
        if done.is_claimed:
            return finish_restored(request, done.revision.number, next(iter(codes), None))
        access.unlock(request, holder)  # the restore has ended every session
        return redirect("setup:token")


def _asks_for_code(backup: Backup) -> bool:
    return bool(backup.closed_because)


class ImportView(SetupView):
    """The view that puts the chosen settings of a reviewed export into the draft."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the page that asks for the file, because a GET request contains no file."""
        return redirect("setup:restore")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Put the chosen settings into the draft, and redirect to the next step."""
        form = ImportForm(request.POST)
        try:
            document = held(request.POST.get("document", ""), owner(request))
        except ConfigError as error:
            return _ask_again(request, error)
        try:
            chosen = request.POST.getlist(CHOSEN)
            imported.stage(document, chosen, holder=access.holder(request))
        except (AlreadyClaimed, TakenOver):
            raise
        except ConfigError as error:
            form.full_clean()
            _add_errors(form, error)
            return review_import(request, form, document)
        return redirect("setup:token")


def owner(request: HttpRequest) -> str:
    """Return a text that identifies this holder of the token.

    If the uploaded export has secrets, only the same holder can import the export.
    """
    return f"setup {access.holder(request)}"


def review_import(request: HttpRequest, form: ImportForm, document: Document) -> HttpResponse:
    """Show every change that the document would make. Raise ``ConfigError`` if a value is not valid."""
    found = imported.planned(document)
    context = {
        "form": form,
        "changes": planned_rows(found.plan),
        "notes": found.notes,
        "document": document,
        "chosen": request.POST.getlist(CHOSEN) if form.is_bound else None,
    }
    return render(request, "setup_wizard/import.html", context)
