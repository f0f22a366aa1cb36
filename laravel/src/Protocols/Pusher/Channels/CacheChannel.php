<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

class CacheChannel extends Channel
{
    use Concerns\KeepsItsPayloadElsewhere;
}
