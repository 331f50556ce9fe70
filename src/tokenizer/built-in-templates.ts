/**
 * Chat formats that can be named for a file without a template, in Jinja. Each writes the marks that its models were
 * trained on; a format without a system role refuses one, and the system's text then goes before the first message.
 */
export const BUILT_IN_TEMPLATES = {
  chatml:
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  gemma:
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('There is no system role.') }}{% endif %}" +
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + m.content | trim + '<end_of_turn>\\n' }}" +
    "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}",
  llama2:
    "{% set n = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}" +
    "{% set n.system = '<<SYS>>\\n' + m.content | trim + '\\n<</SYS>>\\n\\n' %}{% elif m.role == 'user' %}" +
    "{{ bos_token + '[INST] ' + n.system + m.content | trim + ' [/INST]' }}{% set n.system = '' %}" +
    "{% else %}{{ ' ' + m.content | trim + ' ' + eos_token }}{% endif %}{% endfor %}",
  llama3:
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + m.content | trim" +
    " + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
  mistral:
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('There is no system role.') }}" +
    "{% elif m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
  phi3:
    "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}",
} as const;
