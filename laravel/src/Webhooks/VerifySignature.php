<?php

namespace Laravel\Reverb\Webhooks;

use Closure;
use Illuminate\Http\Request;
use Laravel\Reverb\Application;
use Laravel\Reverb\ApplicationManager;
use Laravel\Reverb\Exceptions\InvalidApplication;
use Symfony\Component\HttpFoundation\Response;

/**
 * Lets a webhook pass that was signed with the secret of one of the applications.
 */
class VerifySignature
{
    public const APPLICATION = 'reverb.application';

    public function __construct(protected ApplicationManager $applications)
    {
        //
    }

    public function handle(Request $request, Closure $next): Response
    {
        $application = $this->application((string) $request->header('X-Pusher-Key'));
        $signature = (string) $request->header('X-Pusher-Signature');

        abort_if($application === null, 401);
        abort_unless(hash_equals(hash_hmac('sha256', $request->getContent(), $application->secret()), $signature), 401);

        $request->attributes->set(self::APPLICATION, $application);

        return $next($request);
    }

    protected function application(string $key): ?Application
    {
        try {
            return $this->applications->driver()->findByKey($key);
        } catch (InvalidApplication) {
            return null;
        }
    }
}
