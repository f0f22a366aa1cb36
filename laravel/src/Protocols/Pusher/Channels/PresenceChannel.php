<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

class PresenceChannel extends PrivateChannel
{
    //
}
