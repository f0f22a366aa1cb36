#include "doctor/subject.h"

#include <stdlib.h>

const char *doctor_subject_variable(const struct doctor_subject *subject, const char *name)
{
    const char *value = getenv(name);

    if (value == NULL)
        value = config_env_find(&subject->env, name);
    return value != NULL ? value : "";
}
