<?php

use App\Events\Told;
use App\Events\ToldNow;
use App\Models\Post;
use App\Models\User;
use App\Notifications\Noted;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

// What Vite would have put into the page's script.
Route::view('/', 'page', ['config' => [
    'key' => env('VITE_REVERB_APP_KEY'),
    'host' => env('VITE_REVERB_HOST'),
    'port' => env('VITE_REVERB_PORT'),
    'scheme' => env('VITE_REVERB_SCHEME'),
]]);

// GET throughout: a test has no form to take a token from.
Route::get('/login/{user}', function (User $user) {
    Auth::login($user);

    return ['id' => $user->id];
});

Route::get('/tell', function (Request $request) {
    $event = new ($request->boolean('now') ? ToldNow::class : Told::class)($request->query('channel'), $request->query('text', ''));
    $pending = broadcast($event);

    if ($request->boolean('others')) {
        $pending->toOthers();
    }

    unset($pending);

    return ['told' => true];
});

Route::get('/post', function (Request $request) {
    $post = Post::create(['title' => $request->query('title')]);
    $post->update(['title' => $request->query('title').'!']);

    return ['id' => $post->id];
});

Route::get('/notify/{user}', function (User $user, Request $request) {
    $user->notify(new Noted($request->query('text', '')));

    return ['noted' => true];
});
