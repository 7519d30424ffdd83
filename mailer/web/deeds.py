"""What the verbs of the audit are called, on people's own pages and in the panel."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

DEEDS = {
    "session.start": _l("Signed in"),
    "session.refuse": _l("Sign-in refused"),
    "limit.refuse": _l("Refused after too many tries"),
    "session.end": _l("Signed out"),
    "session.end_others": _l("All other devices signed out"),
    "account.register": _l("Signed up"),
    "account.create": _l("Account created"),
    "account.confirm": _l("Address confirmed"),
    "account.export": _l("All data downloaded"),
    "account.delete": _l("Account deleted"),
    "account.block": _l("Account blocked"),
    "account.unblock": _l("Account unblocked"),
    "account.trust": _l("Account trusted"),
    "account.distrust": _l("Account trusted no longer"),
    "password.change": _l("Password changed"),
    "password.reset": _l("Password reset by a letter"),
    "password.refuse": _l("Wrong present password"),
    "email.ask": _l("Change of e-mail address asked for"),
    "email.change": _l("E-mail address changed"),
    "role.grant": _l("Role given"),
    "role.revoke": _l("Role taken"),
    "role.reason": _l("Reason for the change of role"),
    "clients.import": _l("Clients imported"),
    "clients.export": _l("Clients exported"),
    "client.delete": _l("Client deleted"),
    "suppression.add": _l("Address put on the suppression list"),
    "suppression.lift": _l("Address taken off the suppression list"),
    "message.delete": _l("Message deleted"),
    "mailing.pause": _l("Mailing paused"),
    "mailing.resume": _l("Mailing resumed"),
    "mailing.stop": _l("Mailing stopped early"),
    "mailing.send_now": _l("Today's letters sent by hand"),
    "mailing.delete": _l("Mailing deleted"),
    "mailing.disable": _l("Mailing switched off"),
    "mailing.enable": _l("Mailing switched on"),
    "run.brake": _l("Run held: too many letters refused"),
    "run.resend_unanswered": _l("Unanswered letters sent again"),
    "run.release": _l("Held run let go on"),
    "post.create": _l("Post written"),
    "post.update": _l("Post changed"),
    "post.delete": _l("Post deleted"),
    "post.publish": _l("Post published"),
    "post.hide": _l("Post hidden"),
    "report.export": _l("Report exported"),
}


def deed(verb: str) -> LazyString | str:
    """The verb as people say it; an unknown one as it is."""
    return DEEDS.get(verb, verb)
