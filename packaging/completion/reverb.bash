# Completion of reverb for bash: commands, scenarios of bench, options.
_reverb() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=""

    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        words="start stop restart reload status config listen publish bench --help --version"
    elif [[ $COMP_CWORD -eq 2 && $command == bench && $current != -* ]]; then
        words="fanout publish connect idle whisper presence channels"
    elif [[ $previous == --config || $previous == --env ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    else
        case $command in
        start) words="--host --port --path --hostname --config --env --workers --debug --log-format" ;;
        stop | restart | reload | config) words="--port --config --env" ;;
        status) words="--port --config --env --json" ;;
        listen | publish) words="--url --app-id --key --secret --insecure --config --env" ;;
        bench)
            words="--url --app-id --key --secret --insecure --config --env --publish-to --others --connections
                --in-flight --rate --size --duration --threads --pid --new-connections --json --channel --channels
                --members --probe"
            ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _reverb reverb
