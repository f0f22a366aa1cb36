#include "api/template.h"

#include "base/check.h"

void api_template_deinit(struct api_template *template)
{
    buffer_deinit(&template->text);
    buffer_deinit(&template->names);
    buffer_deinit(&template->slots);
}

static const struct api_template_slot *slot_at(const struct api_template *template, size_t index)
{
    return (const struct api_template_slot *)template->slots.data + index;
}

void api_template_append_slot(struct api_template *template, struct bytes name,
                              struct api_info info)
{
    const struct api_template_slot slot = {
        .info = info,
        .at = template->text.len,
        .name_from = template->names.len,
        .name_len = name.len,
    };

    buffer_append_bytes(&template->names, name);
    buffer_append(&template->slots, &slot, sizeof slot);
}

size_t api_template_slots_count(const struct api_template *template)
{
    return template->slots.len / sizeof(struct api_template_slot);
}

struct bytes api_template_name(const struct api_template *template, size_t index)
{
    const struct api_template_slot *slot = slot_at(template, index);

    return (struct bytes){template->names.data + slot->name_from, slot->name_len};
}

/* Appends the text between the slot before and this one, or the end. */
static void append_text_before(const struct api_template *template, size_t index,
                               struct buffer *out)
{
    const size_t from = index > 0 ? slot_at(template, index - 1)->at : 0;
    const size_t to = index < api_template_slots_count(template) ? slot_at(template, index)->at
                                                                 : template->text.len;

    if (to > from)
        buffer_append(out, template->text.data + from, to - from);
}

void api_template_fill_cluster(const struct api_template *template,
                               const struct cluster_query_answer *answer, struct buffer *out)
{
    const size_t count = api_template_slots_count(template);

    CHECK(answer->channels_count == count);
    for (size_t i = 0; i < count; i++) {
        append_text_before(template, i, out);
        api_info_write_cluster(out, slot_at(template, i)->info, &answer->channels[i]);
    }
    append_text_before(template, count, out);
}

void api_template_fill_local(const struct api_template *template, struct channel_registry *channels,
                             uint64_t now_ms, struct buffer *out)
{
    const size_t count = api_template_slots_count(template);

    for (size_t i = 0; i < count; i++) {
        struct channel *channel = channel_registry_find(channels, api_template_name(template, i));

        append_text_before(template, i, out);
        api_info_write_local(out, slot_at(template, i)->info, channel, now_ms);
        if (channel != NULL)
            channel_unref(channel);
    }
    append_text_before(template, count, out);
}
