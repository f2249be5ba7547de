"""What to do about each refusal: told on the page of its code. A code without advice of its own has that of its status."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BY_STATUS: dict[int, Promise] = {
    400: _("Compare the request with the reference and send it again as it says."),
    401: _("Send a token that is good: Authorization: Bearer th_…."),
    403: _("Ask somebody of your organisation whose role allows it, or the operator."),
    404: _("Check the address. What is not yours to see is not found either."),
    409: _(
        "Read the object again, see in which state it is, and decide anew. Sending the same again does not help by itself."
    ),
    410: _("What was asked for is over and does not come back. Ask for a new one."),
    412: _("Read the object again, look at what has changed, and send your change with its new ETag."),
    422: _("The request is well formed, and a rule refuses it: the detail says which. Change what it names."),
    429: _("Wait for as many seconds as Retry-After says, and send it again. Send less at a time."),
    503: _("Wait for as many seconds as Retry-After says, and send it again with the same Idempotency-Key."),
}

ADVICE: dict[str, Promise] = {
    # What is found out before a rule is asked.
    "invalid_input": _(
        "Each entry of errors has a JSON pointer to the field or query parameter at fault and says what is wrong with it. "
        "Mend all of them; nothing was changed. A name that is not known is refused, too: the reference lists those that are."
    ),
    "parse_error": _(
        "Send one JSON object in UTF-8: no NaN, no key twice, no characters cut in half, at most 5 MB and not nested deeply."
    ),
    "not_authenticated": _("Get a token on the page of tokens, and send it as Authorization: Bearer th_…."),
    "authentication_failed": _(
        "The token is unknown, has expired or was revoked. Get a new one and use it from now on."
    ),
    "permission_denied": _(
        "A page's session needs its CSRF token in X-CSRFToken to change anything. Programs use a token instead."
    ),
    "method_not_allowed": _("The Allow header lists the methods that the address knows."),
    "unsupported_media_type": _("Send JSON with Content-Type: application/json; files go as multipart/form-data."),
    "internal_error": _(
        "It is our fault, and it was noted. Nothing was changed. Try again later with the same Idempotency-Key; "
        "tell the operator when it happened if it goes on."
    ),
    "read_only": _("Read what you need. To change something, send it to the exchange that is in service."),
    "database_out_of_reach": _("It passes in moments. Send it again after Retry-After with the same Idempotency-Key."),
    # What the operator has frozen.
    "withdrawals_frozen": _(
        "No money and no credits leave until the operator lifts it; nothing is lost. GET /api/v1/status says why and since when. "
        "Trading goes on; do not ask again in a loop."
    ),
    "everything_frozen": _(
        "Read what you like, change nothing. GET /api/v1/status says when it is over; then send it again with the same "
        "Idempotency-Key."
    ),
    # Sending again, and what others have changed.
    "idempotency_in_flight": _(
        "The first request with this key has not ended yet. Wait for Retry-After and send the same request with the same key: "
        "you get its answer."
    ),
    "idempotency_key_reused": _(
        "Take a new key for each thing that you want done. Send the old key only with the very request that it was made for."
    ),
    "invalid_idempotency_key": _(
        "Make a random UUID for each thing that you want done, and send it as Idempotency-Key."
    ),
    "idempotency_conflict": _("The same key stands for another transaction already. Take a new key."),
    "precondition_failed": _(
        "Read the object again: its ETag is another one now. Look at what has changed, and send your change with the new "
        "ETag in If-Match. If-Match may also be left out, to write over whatever is there."
    ),
    # Who you are.
    "not_found": _(
        "Check the address, its id and whose it is: what you may not see is answered like what is not there."
    ),
    "not_allowed": _("GET /api/v1/me says for whom you act and in which role. Ask somebody whose role allows it."),
    "organisation_not_approved": _(
        "Wait until the operator has approved the organisation; GET /api/v1/me shows its status."
    ),
    "organisation_suspended": _(
        "Ask the operator why. Tokens are good again once the organisation is approved again; people log in on the pages meanwhile."
    ),
    "wrong_credentials": _("Check user name and password. After several wrong ones you have to wait."),
    "too_many_attempts": _("Wait for as many seconds as Retry-After says. Do not try more often: that does not help."),
    "same_person": _("Maker and checker are two people: let a colleague confirm it."),
    "conflict_of_interest": _("Choose another verifier: this one has judged or advised the project."),
    "not_assigned": _("Only the verifier that the report is assigned to judges it. Ask the operator to assign it."),
    # States.
    "wrong_state": _(
        "Read the object: its status says which step comes next, the reference which states a step is taken in."
    ),
    "findings_open": _(
        "Answer and close every finding of the report first: GET /api/v1/reports/{report_id}/findings lists them."
    ),
    "already_issued": _("The report's credits are there: GET /api/v1/batches lists them."),
    "hold_changed": _("Read the account again and decide anew."),
    "not_reversible": _(
        "The detail says why. What has been settled is put right by a new transaction, not by a reversal."
    ),
    "already_reversed": _("There is nothing left to do: GET /api/v1/corrections shows the reversal."),
    "transfer_not_open": _("Read the transfer: it was accepted, declined, withdrawn, or its time is over."),
    "too_many_transfers_open": _("Withdraw transfers that nobody accepts, or wait until some are decided."),
    "reversal_reported_already": _("Wait until the operator has confirmed or refused the report of the loss."),
    "reversal_owed": _("Make up for the reversal first: POST /api/v1/reversals/{public_id}/replenish."),
    "nothing_owed": _("Cancel no more than what is owed; GET /api/v1/reversals shows how much that is."),
    "loss_too_large": _("Report no more than what was issued and not lost before."),
    "no_bank_account": _(
        "Ask the operator to enter your bank account: two treasurers do, from your contract or from a letter with your seal. "
        "GET /api/v1/bank-accounts shows it once it is confirmed; then ask for the withdrawal again."
    ),
    "bank_account_changed": _(
        "GET /api/v1/bank-accounts with status=confirmed shows both. Confirm again with the one that the bank has paid as bank_account."
    ),
    "nothing_to_pay_out": _("Wait until sales have been shared out: GET /api/v1/distributions lists what was."),
    # Values.
    "invalid_value": _("The detail says what is wrong with the value, errors where it stands."),
    "invalid_amount": _("Give a whole number of fen or tonnes, at least 1."),
    "insufficient_balance": _(
        "Read the account: available is the balance less what is held. Take less, or bring in more first."
    ),
    "balance_overflow": _("No real amount comes so far: check the number."),
    "unknown_account": _("GET /api/v1/accounts lists yours."),
    "unknown_recipient": _("Ask the recipient for its public id or its unified social credit code."),
    "household_list_refused": _("The detail names the lines at fault. Mend them in the file and send all of it again."),
    "invalid_serials": _("Name as many serial numbers as tonnes, each once."),
    "serials_not_owned": _("GET /api/v1/accounts/{account_id}/serials lists those that the account holds."),
    "statement_too_long": _("Ask for a shorter period, several times."),
    "sheet_too_long": _("Take the CSV, which has no limit."),
    "empty_transaction": _("Give at least one transfer."),
    "too_many_transfers": _("Split it into several transactions."),
    "same_account": _("Choose two accounts that differ."),
    "asset_mismatch": _("Choose two accounts of one asset."),
    "file_out_of_reach": _("Try again later; the file is not lost: its hash is in the log."),
    # The log and serial numbers.
    "no_such_size": _("GET /api/v1/log says how many records the log has: ask for a size up to that."),
    "no_serial_number": _("Write the number in digits, or as certificates do: TH-35-000001-2022-000000000123."),
    "unknown_serial_number": _("Compare it with the certificate: no tonne has this number."),
    "serial_number_elsewhere": _("Write the number alone, or with the batch that the detail names."),
}
