"""Django's way to send many personal mails: a loop over one open connection. Prints the seconds it took."""

import sys
import time

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

TEXT = "Bonjour,\n\nLes visites sont interdites jusqu'au dimanche 5 avril 2026 inclus.\n" + "Détails. " * 150
HTML = "<html><body><p>Bonjour,</p><p>" + "Les visites sont <b>interdites</b>. " * 60 + "</p></body></html>"


def main(port: int, messages: int) -> float:
    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, DEFAULT_CHARSET="utf-8", USE_I18N=False)
    start = time.perf_counter()
    with get_connection("django.core.mail.backends.smtp.EmailBackend") as connection:
        for number in range(messages):
            link = f"https://univoque.example/u/{number}"
            mail = EmailMultiAlternatives(
                subject="Interdiction des visites",
                body=f"{TEXT}\n{link}\n",
                from_email="directives@univoque.example",
                to=[f"lecteur-{number}@example.org"],
                headers={"List-Unsubscribe": f"<{link}/one-click>"},
                connection=connection,
            )
            mail.attach_alternative(
                HTML.replace("</p></body>", f'<a href="{link}">{link}</a></p></body>'), "text/html"
            )
            mail.send()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(main(int(sys.argv[1]), int(sys.argv[2])))
