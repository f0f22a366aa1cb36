<?php

/**
 * Calls Pusher's PHP SDK as it is told on standard input and prints what came of each call.
 *
 *     {"key": …, "secret": …, "app_id": …, "options": {…}, "calls": [["trigger", "news", "told", {…}], …]}
 *
 * Prints [{"result": …} | {"error": message, "code": status}, …].
 */

require __DIR__.'/vendor/autoload.php';

$input = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);
$pusher = new Pusher\Pusher($input['key'], $input['secret'], $input['app_id'], $input['options']);

$outcomes = [];
foreach ($input['calls'] as [$method, $arguments]) {
    try {
        $outcomes[] = ['result' => $pusher->$method(...$arguments)];
    } catch (Throwable $error) {
        $outcomes[] = ['error' => $error->getMessage(), 'code' => $error->getCode()];
    }
}

echo json_encode($outcomes, JSON_THROW_ON_ERROR);
