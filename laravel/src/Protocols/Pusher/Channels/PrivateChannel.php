<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

class PrivateChannel extends Channel
{
    //
}
