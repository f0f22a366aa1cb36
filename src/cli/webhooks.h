/* `reverb webhooks`: how the running server's webhooks are; `reverb webhooks test`: sends a signed
 * example to each that is configured, without a server.
 *
 * Thread: main.
 */
#pragma once

int cli_webhooks(int argc, char **argv);
