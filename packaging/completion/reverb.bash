# Completion of reverb for bash. The program itself is asked which commands and options it has.
_reverb() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=""

    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 || ($COMP_CWORD -eq 2 && $previous == help) ]]; then
        words=$("$program" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')
    elif [[ $COMP_CWORD -eq 2 && $previous == bench && $current != -* ]]; then
        words="fanout publish connect idle whisper presence channels"
    elif [[ $previous != --config && $previous != --env ]]; then
        words=$("$program" help "${COMP_WORDS[1]}" 2>/dev/null | grep -o -e '--[a-z][a-z-]*')
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _reverb reverb
