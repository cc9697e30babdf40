"""Send one message to one target. The only importer of Apprise.

An address of a target holds its credentials: it is made at the moment of use, given to nobody and written nowhere.
"""

import asyncio
import logging
from urllib.parse import quote, urlencode

import apprise

from hub.alerts.message import Message
from hub.errors import SettingsError
from hub.settings import SmtpSettings, secret

TIMEOUT_S = 60
# The library writes addresses into its log.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
ASSET = apprise.AppriseAsset(app_id="Channelhub", app_desc="Channelhub", app_url="")


async def send(address: str, message: Message) -> bool:
    """Send, and say whether the target accepted the message; a target that is away is False, not an error."""
    target = apprise.Apprise(asset=ASSET)
    if not target.add(address):
        raise SettingsError("The target's address is not one that Apprise understands; correct what its reference holds.")
    sending = target.async_notify(
        title=message.subject, body=message.body, body_format=apprise.NotifyFormat.TEXT, notify_type=apprise.NotifyType.WARNING
    )
    try:
        return bool(await asyncio.wait_for(sending, TIMEOUT_S))
    except TimeoutError:
        return False


def mail_address(smtp: SmtpSettings, recipient: str) -> str:
    """Return the address that sends one e-mail through our server."""
    scheme = "mailto" if smtp.tls == "none" else "mailtos"
    login = ""
    if smtp.user is not None:
        login = quote(smtp.user, safe="")
        if smtp.password is not None:
            login += ":" + quote(secret(smtp.password), safe="")
        login += "@"
    options = {"smtp": smtp.host, "from": smtp.sender, "to": recipient, "format": "text"}
    if smtp.tls != "none":
        options["mode"] = "ssl" if smtp.tls == "tls" else "starttls"
    return f"{scheme}://{login}{smtp.host}:{smtp.port}?{urlencode(options)}"
