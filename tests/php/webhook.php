<?php

/* An application's route for webhooks, for `php -S`: what the SDK accepts is appended to the file in EVENTS. */

require __DIR__.'/vendor/autoload.php';

$pusher = new Pusher\Pusher(getenv('KEY'), getenv('SECRET'), getenv('ID'));
$body = file_get_contents('php://input');

try {
    $pusher->ensure_valid_signature(getallheaders(), $body);
    $webhook = $pusher->webhook(getallheaders(), $body);
} catch (Pusher\PusherException $e) {
    error_log($e->getMessage());
    http_response_code(401);

    return;
}

foreach ($webhook->get_events() as $event) {
    file_put_contents(getenv('EVENTS'), json_encode([$webhook->get_time_ms(), $event])."\n", FILE_APPEND);
}

http_response_code(204);
