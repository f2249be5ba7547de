"""Addresses of the way in and of the page “Security”. Names without our prefix are those by which allauth leads on."""

from django.urls import path

from ledger.web.security import entrance, pages, personal

urlpatterns = [
    path("login", entrance.log_in, name="login"),
    path("login", entrance.log_in, name="account_login"),
    path("login/again", entrance.log_in_again, name="login_again"),
    path("login/second-step", entrance.second_step, name="mfa_authenticate"),
    path("login/passkey", entrance.passkey_log_in, name="passkey_log_in"),
    path("login/passkey/challenge", entrance.passkey_challenge, name="passkey_challenge"),
    path("password", entrance.password_forgotten, name="password_forgotten"),
    path("password/<slug:person>/<slug:token>", entrance.password_reset_link, name="password_reset_link"),
    path("email/<str:word>", entrance.email_confirm, name="email_confirm"),
    path("security", pages.security, name="security"),
    path("security/events", pages.events, name="security_events"),
    path("security/confirm", pages.confirm, name="security_confirm"),
    path("security/setup", pages.setup, name="security_setup"),
    path("security/data", personal.my_data, name="my_data"),
    path("security/data.json", personal.my_data_file, name="my_data_file"),
    path("security/password", pages.password, name="security_password"),
    path("security/email", pages.email, name="security_email"),
    path("security/email/remove", pages.email_remove, name="security_email_remove"),
    path("security/app", pages.app_new, name="security_app"),
    path("security/passkeys/new", pages.passkey_new, name="security_passkey"),
    path("security/passkeys/<id:factor_id>/name", pages.passkey_rename, name="security_passkey_rename"),
    path("security/factors/<id:factor_id>/remove", pages.factor_remove, name="security_factor_remove"),
    path("security/recovery-codes", pages.codes_new, name="security_codes"),
    path("security/sessions/end-others", pages.sessions_end_others, name="security_sessions_end_others"),
    path("security/sessions/<id:session_id>/end", pages.session_end, name="security_session_end"),
]
