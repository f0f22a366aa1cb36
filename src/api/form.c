#include "api/form.h"

#include "base/check.h"

void api_form_deinit(struct api_form *form)
{
    buffer_deinit(&form->text);
    buffer_deinit(&form->names);
    buffer_deinit(&form->blanks);
}

static const struct api_form_blank *blank_at(const struct api_form *form, size_t index)
{
    return (const struct api_form_blank *)form->blanks.data + index;
}

void api_form_append_blank(struct api_form *form, struct bytes name, struct api_info info)
{
    const struct api_form_blank blank = {
        .info = info,
        .at = form->text.len,
        .name_from = form->names.len,
        .name_len = name.len,
    };

    buffer_append_bytes(&form->names, name);
    buffer_append(&form->blanks, &blank, sizeof blank);
}

size_t api_form_blanks_count(const struct api_form *form)
{
    return form->blanks.len / sizeof(struct api_form_blank);
}

struct bytes api_form_name(const struct api_form *form, size_t index)
{
    const struct api_form_blank *blank = blank_at(form, index);

    return (struct bytes){form->names.data + blank->name_from, blank->name_len};
}

/* The text from behind the blank before up to this one, or to the end. */
static void append_text_before(const struct api_form *form, size_t index, struct buffer *out)
{
    const size_t from = index > 0 ? blank_at(form, index - 1)->at : 0;
    const size_t to =
        index < api_form_blanks_count(form) ? blank_at(form, index)->at : form->text.len;

    if (to > from)
        buffer_append(out, form->text.data + from, to - from);
}

void api_form_fill_cluster(const struct api_form *form, const struct cluster_ask_answer *answer,
                           struct buffer *out)
{
    const size_t count = api_form_blanks_count(form);

    CHECK(answer->channels_count == count);
    for (size_t i = 0; i < count; i++) {
        append_text_before(form, i, out);
        api_info_write_cluster(out, blank_at(form, i)->info, &answer->channels[i]);
    }
    append_text_before(form, count, out);
}

void api_form_fill_local(const struct api_form *form, struct channel_registry *channels,
                         uint64_t now_ms, struct buffer *out)
{
    const size_t count = api_form_blanks_count(form);

    for (size_t i = 0; i < count; i++) {
        struct channel *channel = channel_registry_find(channels, api_form_name(form, i));

        append_text_before(form, i, out);
        api_info_write_local(out, blank_at(form, i)->info, channel, now_ms);
        if (channel != NULL)
            channel_unref(channel);
    }
    append_text_before(form, count, out);
}
