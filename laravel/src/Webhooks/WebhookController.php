<?php

namespace Laravel\Reverb\Webhooks;

use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Laravel\Reverb\Application;

/**
 * Dispatches the events of a server's webhook. The server sends what was not answered again.
 */
class WebhookController
{
    public function __construct(protected WebhookDispatcher $dispatcher)
    {
        //
    }

    public function __invoke(Request $request): Response
    {
        $application = $request->attributes->get(VerifySignature::APPLICATION);

        abort_unless($application instanceof Application, 401);

        foreach ((array) $request->json('events') as $event) {
            $this->dispatcher->dispatch($application->id(), $event);
        }

        return new Response(status: 204);
    }
}
