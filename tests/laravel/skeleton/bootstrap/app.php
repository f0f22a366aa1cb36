<?php

use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Exceptions;
use Illuminate\Foundation\Configuration\Middleware;
use Illuminate\Http\Middleware\HandleCors;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(
        web: __DIR__.'/../routes/web.php',
        commands: __DIR__.'/../routes/console.php',
        health: '/up',
    )
    ->withMiddleware(function (Middleware $middleware) {
        // Where the package that answers for it cannot be had, tests/laravel/run leaves it out.
        if (! class_exists(Fruitcake\Cors\CorsService::class)) {
            $middleware->remove(HandleCors::class);
        }
    })
    ->withExceptions(function (Exceptions $exceptions) {
        //
    })->create();
